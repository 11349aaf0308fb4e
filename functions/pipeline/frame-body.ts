import type { InferenceErrorCode } from "../../runtime/errors.ts";
import { type ByteReader, malformed } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import {
  type FaultPlace,
  type FrameBody,
  MAX_COLUMNS,
  MAX_ERROR_BYTES,
  MAX_FRAME_GROUPS,
  MAX_FRAME_ROWS,
  MAX_FRAME_SESSIONS,
} from "./frame.ts";
import { GROUP_BYTES, readGroup, readList, writeGroup } from "./frame-entries.ts";
import {
  MIN_ANSWER_BYTES,
  MIN_SELECTION_BYTES,
  readAnswer,
  readSelection,
  writeAnswer,
  writeSelection,
} from "./frame-selection.ts";

const VOCABULARY = 0xffff_ffff;
/** A group of a call to helpers. */
const SLOT_ROWS_BYTES = 12;
const CODES: readonly InferenceErrorCode[] = [
  "bad_shard",
  "wrong_pipeline",
  "position_gap",
  "out_of_capacity",
  "timed_out",
  "stage_lost",
  "unsupported",
  "internal",
];

/** Appends what follows a frame's head: the headers of its kind, and float32 rows last. */
export function writeBody(writer: ByteWriter, body: FrameBody): void {
  switch (body.kind) {
    case "rows":
      writer.u32(body.groups.length);
      for (const group of body.groups) writeGroup(writer, group);
      writeRows(writer, rowsOf(body.groups), body.hidden);
      return;
    case "select":
      writer.u32(body.wanted.length);
      for (const { session, position, selection } of body.wanted) {
        writer.u32(session);
        writer.u32(position);
        writeSelection(writer, selection);
      }
      writeRows(writer, body.wanted.length, body.hidden);
      return;
    case "embed":
      writer.u32(body.ids.length);
      writer.words(body.ids);
      return;
    case "embedded":
      writer.u32(body.ids.length);
      writer.words(body.ids);
      writeRows(writer, body.ids.length, body.hidden);
      return;
    case "answers":
      writer.u32(body.answers.length);
      for (const { session, position, selection } of body.answers) {
        writer.u32(session);
        writer.u32(position);
        writeAnswer(writer, selection);
      }
      return;
    case "reselect":
      writer.u32(body.session);
      writeSelection(writer, body.selection);
      return;
    case "close":
      writeSessions(writer, body.sessions);
      return;
    case "fork":
      writer.u32(body.from);
      writer.u32(body.session);
      writer.u32(body.tokens);
      return;
    case "multiply":
      writer.u32(body.block);
      writer.u32(body.groups.length);
      for (const { slot, position, rows } of body.groups) writer.words(Uint32Array.of(slot, position, rows));
      writeRows(writer, rowsOf(body.groups), body.hidden);
      return;
    case "share":
      writer.u32(body.rows);
      writeRows(writer, body.rows, body.hidden);
      return;
    case "truncate":
      writer.u32(body.session);
      writer.u32(body.tokens);
      return;
    case "error": {
      const message = new TextEncoder().encode(body.message).subarray(0, MAX_ERROR_BYTES);
      writer.u32(CODES.indexOf(body.code));
      writePlace(writer, body.place);
      writeSessions(writer, body.sessions);
      writer.u32(message.length);
      writer.bytes(message);
      return;
    }
  }
}

/** Reads what `writeBody` wrote; typed arrays are views. InferenceError internal for bytes that make no sense. */
export function readBody(reader: ByteReader, kind: FrameBody["kind"]): FrameBody {
  switch (kind) {
    case "rows": {
      const groups = readList(reader, MAX_FRAME_GROUPS, GROUP_BYTES, "groups", () => readGroup(reader));
      return { kind, groups, hidden: readRows(reader, rowsOf(groups)) };
    }
    case "select": {
      const wanted = readList(reader, MAX_FRAME_ROWS, 8 + MIN_SELECTION_BYTES, "wanted rows", () => ({
        session: reader.u32(),
        position: reader.u32(),
        selection: readSelection(reader),
      }));
      return { kind, wanted, hidden: readRows(reader, wanted.length) };
    }
    case "embed":
      return { kind, ids: reader.uint32s(reader.upTo(MAX_FRAME_ROWS, "ids")) };
    case "embedded": {
      const ids = reader.uint32s(reader.upTo(MAX_FRAME_ROWS, "ids"));
      return { kind, ids, hidden: readRows(reader, ids.length) };
    }
    case "answers": {
      const answers = readList(reader, MAX_FRAME_ROWS, 8 + MIN_ANSWER_BYTES, "answers", () => ({
        session: reader.u32(),
        position: reader.u32(),
        selection: readAnswer(reader),
      }));
      return { kind, answers };
    }
    case "reselect":
      return { kind, session: reader.u32(), selection: readSelection(reader) };
    case "close":
      return { kind, sessions: readSessions(reader) };
    case "fork":
      return { kind, from: reader.u32(), session: reader.u32(), tokens: reader.u32() };
    case "multiply": {
      const block = reader.u32();
      const groups = readList(reader, MAX_FRAME_GROUPS, SLOT_ROWS_BYTES, "groups", () => ({
        slot: reader.u32(),
        position: reader.u32(),
        rows: reader.upTo(MAX_FRAME_ROWS, "rows of a group"),
      }));
      return { kind, block, groups, hidden: readRows(reader, rowsOf(groups)) };
    }
    case "share": {
      const rows = reader.upTo(MAX_FRAME_ROWS, "rows");
      return { kind, rows, hidden: readRows(reader, rows) };
    }
    case "truncate":
      return { kind, session: reader.u32(), tokens: reader.u32() };
    case "error": {
      const code = CODES[reader.upTo(CODES.length - 1, "error code")]!;
      const place = readPlace(reader);
      const sessions = readSessions(reader);
      const message = new TextDecoder().decode(reader.bytes(reader.upTo(MAX_ERROR_BYTES, "length of the message")));
      return { kind, code, place, sessions, message };
    }
  }
}

const rowsOf = (groups: readonly { readonly rows: number }[]) => groups.reduce((sum, { rows }) => sum + rows, 0);

/** Columns, then the rows: the end of a frame. */
function writeRows(writer: ByteWriter, rows: number, hidden: Float32Array): void {
  writer.u32(rows === 0 ? 0 : hidden.length / rows);
  writer.words(hidden);
}

function readRows(reader: ByteReader, rows: number): Float32Array<ArrayBuffer> {
  const columns = reader.upTo(MAX_COLUMNS, "columns");
  if (rows > MAX_FRAME_ROWS) throw malformed(`it has ${rows} rows, at most ${MAX_FRAME_ROWS} are allowed`);
  return reader.float32s(rows * columns);
}

function writeSessions(writer: ByteWriter, sessions: readonly number[]): void {
  writer.u32(sessions.length);
  writer.words(Uint32Array.from(sessions));
}

function readSessions(reader: ByteReader): number[] {
  return [...reader.uint32s(reader.upTo(MAX_FRAME_SESSIONS, "sessions"))];
}

function writePlace(writer: ByteWriter, { group, replica }: FaultPlace): void {
  writer.u32(group === "vocabulary" ? VOCABULARY : group);
  writer.u32(replica);
}

function readPlace(reader: ByteReader): FaultPlace {
  const group = reader.u32();
  return { group: group === VOCABULARY ? "vocabulary" : group, replica: reader.u32() };
}
