import { type ByteReader, malformed } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { MAX_FRAME_ROWS, type RowsGroup } from "./frame.ts";
import { MIN_SELECTION_BYTES, readSelection, writeSelection } from "./frame-selection.ts";

/** What a group takes besides its selections. */
export const GROUP_BYTES = 24;

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
  const selections = readList(reader, MAX_FRAME_ROWS, MIN_SELECTION_BYTES, "selections", () => readSelection(reader));
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
