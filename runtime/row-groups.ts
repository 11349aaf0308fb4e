import type { RowGroup } from "./engine.ts";
import { InferenceError } from "./errors.ts";

export interface RowLimits {
  readonly maxRows: number;
  readonly hiddenSize: number;
  /** Tokens a session slot holds; throws when the slot is not open. */
  sessionTokens(slot: number): number;
}

/** Checks the row groups of a `forward` against the stage and its sessions; KV room is another matter. */
export function checkRowGroups(groups: readonly RowGroup[], hidden: Float32Array, limits: RowLimits): void {
  const { maxRows, hiddenSize } = limits;
  let totalRows = 0;
  for (let index = 0; index < groups.length; index++) {
    const { slot, position, rows } = groups[index]!;
    if (!Number.isInteger(rows) || rows < 1) throw new InferenceError("internal", `a row group of ${rows} rows`);
    const tokens = limits.sessionTokens(slot);
    if (position !== tokens)
      throw new InferenceError("position_gap", `rows at position ${position}, the session holds ${tokens} tokens`);
    totalRows += rows;
    // At most as many as sessions, and a set would be garbage.
    for (let other = 0; other < index; other++)
      if (groups[other]!.slot === slot)
        throw new InferenceError("internal", "two row groups of one call have the same session slot");
  }
  if (totalRows > maxRows)
    throw new InferenceError("out_of_capacity", `${totalRows} rows in one call, the stage was loaded for ${maxRows}`);
  if (hidden.length !== totalRows * hiddenSize)
    throw new InferenceError("internal", `${hidden.length} values are not ${totalRows} rows of ${hiddenSize}`);
}
