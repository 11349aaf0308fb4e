import type { LogitEdits } from "./selection.ts";

/**
 * `logits` of rows firstRow, firstRow + 1, … after `edits`, in an array of its own. First the repetition penalty, which
 * divides positive logits and multiplies the others (Keskar et al. 2019, CTRL), then the shifts, then bans and mask. Each
 * result is rounded to float32 once.
 */
export function editLogits(logits: Float32Array, firstRow: number, edits: LogitEdits): Float32Array {
  const { repetitionPenalty, repeated, shifted, shifts, banned, allowed } = edits;
  const edited = logits.slice();
  const has = (index: number) => index >= 0 && index < edited.length;
  for (const id of repeated) {
    const index = id - firstRow;
    if (!has(index)) continue;
    const logit = edited[index]!;
    edited[index] = logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty;
  }
  for (const [place, id] of shifted.entries()) {
    const index = id - firstRow;
    if (has(index)) edited[index] = edited[index]! + shifts[place]!;
  }
  for (const id of banned) if (has(id - firstRow)) edited[id - firstRow] = Number.NEGATIVE_INFINITY;
  if (allowed !== null)
    for (let index = 0; index < edited.length; index++)
      if (!isAllowed(allowed, firstRow + index)) edited[index] = Number.NEGATIVE_INFINITY;
  return edited;
}

/** Whether `id` has its bit in a mask; ids beyond the mask's end have none. */
export function isAllowed(allowed: Uint32Array, id: number): boolean {
  return (((allowed[id >>> 5] ?? 0) >>> (id & 31)) & 1) === 1;
}
