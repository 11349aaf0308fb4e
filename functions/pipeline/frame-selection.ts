import type { LogitEdits, RawReport, RawRequest, Selection, ShardSelection } from "../../runtime/sampling/selection.ts";
import { type ByteReader, malformed } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { readMask, writeMask } from "./frame-mask.ts";

const BEST = 0;
const GUMBEL = 1;

/** What a selection takes without edits and without a wish for raw logits. */
export const MIN_SELECTION_BYTES = 40;
/** Number of ids, of tile sums, and the flags: what an answer takes at least. */
export const MIN_ANSWER_BYTES = 16;
/** Largest vocabulary a manifest may have. */
export const MAX_SELECTION_COUNT = 1 << 20;

export function writeSelection(writer: ByteWriter, selection: Selection): void {
  const best = selection.kind === "best" ? selection : null;
  const gumbel = selection.kind === "gumbel" ? selection : null;
  writer.u32(best ? BEST : GUMBEL);
  writer.f64(selection.inverseTemperature);
  writer.u32(best?.count ?? 0);
  writer.flag(best?.mass ?? false);
  writer.u64(gumbel?.seed ?? 0n);
  writer.u32(gumbel?.position ?? 0);
  writer.flag(selection.edits !== undefined);
  if (selection.edits) writeEdits(writer, selection.edits);
  writer.flag(selection.raw !== undefined);
  if (selection.raw) {
    writer.u32(selection.raw.best);
    writeList(writer, selection.raw.named);
  }
}

export function readSelection(reader: ByteReader): Selection {
  const kind = reader.upTo(GUMBEL, "kind of selection");
  const inverseTemperature = reader.f64();
  const count = reader.upTo(MAX_SELECTION_COUNT, "selection.count");
  const mass = reader.flag("selection.mass");
  const seed = reader.u64();
  const position = reader.u32();
  if (!(inverseTemperature >= 0)) throw malformed(`selection.inverseTemperature is ${inverseTemperature}`);
  const edits = reader.flag("selection.edits") && readEdits(reader);
  const raw = reader.flag("selection.raw") && readRawRequest(reader);
  const options = { ...(edits && { edits }), ...(raw && { raw }) };
  if (kind === GUMBEL) return { kind: "gumbel", inverseTemperature, seed, position, ...options };
  return { kind: "best", count, inverseTemperature, mass, ...options };
}

export function writeAnswer(writer: ByteWriter, { ids, logits, complete, tiles, raw }: ShardSelection): void {
  writeList(writer, ids);
  writer.words(logits);
  writeList(writer, tiles);
  writer.flag(complete);
  writer.flag(raw !== undefined);
  if (raw) writeReport(writer, raw);
}

export function readAnswer(reader: ByteReader): ShardSelection {
  const ids = readIds(reader, "ids");
  const logits = reader.float32s(ids.length);
  const tiles = readTiles(reader);
  const complete = reader.flag("answer.complete");
  const raw = reader.flag("answer.raw") && readReport(reader, ids.length);
  return { ids, logits, complete, tiles, ...(raw && { raw }) };
}

function writeEdits(writer: ByteWriter, edits: LogitEdits): void {
  writer.f64(edits.repetitionPenalty);
  writeList(writer, edits.repeated);
  writeList(writer, edits.shifted);
  writer.words(edits.shifts);
  writeList(writer, edits.banned);
  writer.flag(edits.allowed !== null);
  if (edits.allowed) writeMask(writer, edits.allowed);
}

function readEdits(reader: ByteReader): LogitEdits {
  const repetitionPenalty = reader.f64();
  const repeated = readIds(reader, "repeated ids");
  const shifted = readIds(reader, "shifted ids");
  const shifts = reader.float32s(shifted.length);
  const banned = readIds(reader, "banned ids");
  const allowed = reader.flag("selection.edits.allowed") ? readMask(reader) : null;
  if (!(repetitionPenalty > 0 && Number.isFinite(repetitionPenalty)))
    throw malformed(`the repetition penalty is ${repetitionPenalty}`);
  if (!shifts.every(Number.isFinite)) throw malformed("a logit is shifted by a number that is not finite");
  return { repetitionPenalty, repeated, shifted, shifts, banned, allowed };
}

function readRawRequest(reader: ByteReader): RawRequest {
  return { best: reader.upTo(MAX_SELECTION_COUNT, "selection.raw.best"), named: readIds(reader, "named ids") };
}

function writeReport(writer: ByteWriter, report: RawReport): void {
  writer.words(report.logits);
  writeList(writer, report.bestIds);
  writer.words(report.bestLogits);
  writeList(writer, report.namedIds);
  writer.words(report.namedLogits);
  writeList(writer, report.tiles);
}

/** `count` is the number of the answer's ids. */
function readReport(reader: ByteReader, count: number): RawReport {
  const logits = reader.float32s(count);
  const bestIds = readIds(reader, "best ids");
  const bestLogits = reader.float32s(bestIds.length);
  const namedIds = readIds(reader, "named ids");
  const namedLogits = reader.float32s(namedIds.length);
  return { logits, bestIds, bestLogits, namedIds, namedLogits, tiles: readTiles(reader) };
}

function writeList(writer: ByteWriter, list: Uint32Array | Float32Array): void {
  writer.u32(list.length);
  writer.words(list);
}

const readIds = (reader: ByteReader, what: string) => reader.uint32s(reader.upTo(MAX_SELECTION_COUNT, what));
const readTiles = (reader: ByteReader) => reader.float32s(reader.upTo(MAX_SELECTION_COUNT, "tile sums"));
