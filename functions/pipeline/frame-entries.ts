import type { Selection, ShardSelection } from "../../runtime/sampling/selection.ts";
import { type ByteReader, malformed } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { MAX_FRAME_ROWS, type RowsGroup } from "./frame.ts";

const BEST = 0;
const GUMBEL = 1;

/** What a group takes besides its selections. */
export const GROUP_BYTES = 24;
export const SELECTION_BYTES = 32;
/** Largest vocabulary a manifest may have. */
export const MAX_SELECTION_COUNT = 1 << 20;
/** Number of ids, of tile sums, and the flag: what an answer takes at least. */
export const MIN_ANSWER_BYTES = 12;

export function writeSelection(writer: ByteWriter, selection: Selection): void {
  const best = selection.kind === "best" ? selection : null;
  const gumbel = selection.kind === "gumbel" ? selection : null;
  writer.u32(best ? BEST : GUMBEL);
  writer.f64(selection.inverseTemperature);
  writer.u32(best?.count ?? 0);
  writer.u32(best?.mass ? 1 : 0);
  writer.u64(gumbel?.seed ?? 0n);
  writer.u32(gumbel?.position ?? 0);
}

export function readSelection(reader: ByteReader): Selection {
  const kind = reader.upTo(GUMBEL, "kind of selection");
  const inverseTemperature = reader.f64();
  const count = reader.upTo(MAX_SELECTION_COUNT, "selection.count");
  const mass = reader.flag("selection.mass");
  const seed = reader.u64();
  const position = reader.u32();
  if (!(inverseTemperature >= 0)) throw malformed(`selection.inverseTemperature is ${inverseTemperature}`);
  if (kind === GUMBEL) return { kind: "gumbel", inverseTemperature, seed, position };
  return { kind: "best", count, inverseTemperature, mass };
}

export function writeAnswer(writer: ByteWriter, { ids, logits, complete, tiles }: ShardSelection): void {
  writer.u32(ids.length);
  writer.u32(tiles.length);
  writer.u32(complete ? 1 : 0);
  writer.words(ids);
  writer.words(logits);
  writer.words(tiles);
}

export function readAnswer(reader: ByteReader): ShardSelection {
  const ids = reader.upTo(MAX_SELECTION_COUNT, "number of ids");
  const tiles = reader.upTo(MAX_SELECTION_COUNT, "number of tile sums");
  const complete = reader.flag("answer.complete");
  return { ids: reader.uint32s(ids), logits: reader.float32s(ids), complete, tiles: reader.float32s(tiles) };
}

export function writeGroup(writer: ByteWriter, group: RowsGroup): void {
  writer.u32(group.session);
  writer.u32(group.position);
  writer.u32(group.rows);
  writer.u32(group.truncateTo);
  writer.u32(group.firstWanted);
  writer.u32(group.selections.length);
  for (const selection of group.selections) writeSelection(writer, selection);
}

export function readGroup(reader: ByteReader): RowsGroup {
  const session = reader.u32();
  const position = reader.u32();
  const rows = reader.upTo(MAX_FRAME_ROWS, "rows of a group");
  const truncateTo = reader.u32();
  const firstWanted = reader.u32();
  const selections = readList(reader, MAX_FRAME_ROWS, SELECTION_BYTES, "selections", () => readSelection(reader));
  if (rows === 0) throw malformed("a group has no rows");
  if (firstWanted + selections.length > rows) {
    throw malformed(`rows ${firstWanted} … ${firstWanted + selections.length - 1} are wanted of a group of ${rows}`);
  }
  return { session, position, rows, truncateTo, firstWanted, selections };
}

/** A counted list whose entries take at least `minBytes`, so that a wrong count cannot allocate more than was sent. */
export function readList<Entry>(
  reader: ByteReader,
  limit: number,
  minBytes: number,
  what: string,
  read: () => Entry,
): Entry[] {
  const count = reader.upTo(limit, what);
  if (count * minBytes > reader.remainingBytes) throw malformed(`${count} ${what} do not fit in what is left`);
  return Array.from({ length: count }, read);
}
