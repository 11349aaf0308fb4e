import type { FrameBody, RowsGroup, WantedRow } from "./frame.ts";
import { joinRows } from "./rows.ts";

/** The rows of `groups` that ask for logits, of all their rows in `hidden`: what a select frame holds, before the norm. */
export function wantedRows(
  groups: readonly RowsGroup[],
  hidden: Float32Array,
): Omit<Extract<FrameBody, { kind: "select" }>, "kind"> {
  const columns = hidden.length / groups.reduce((sum, { rows }) => sum + rows, 0);
  const wanted: WantedRow[] = [];
  const rows: Float32Array[] = [];
  let first = 0;
  for (const group of groups) {
    for (const [index, selection] of group.selections.entries()) {
      const row = group.firstWanted + index;
      wanted.push({ session: group.session, position: group.position + row, selection });
      rows.push(hidden.subarray((first + row) * columns, (first + row + 1) * columns));
    }
    first += group.rows;
  }
  return { wanted, hidden: joinRows(rows) };
}
