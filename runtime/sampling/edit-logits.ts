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
  if (allowed !== null) maskOut(edited, firstRow, allowed);
  return edited;
}

/** A word of the mask at a time; most are all or nothing. */
function maskOut(logits: Float32Array, firstRow: number, allowed: Uint32Array): void {
  for (let index = 0; index < logits.length; ) {
    const id = firstRow + index;
    const end = Math.min(logits.length, index + 32 - (id & 31));
    const word = allowed[id >>> 5] ?? 0;
    if (word === 0) logits.fill(Number.NEGATIVE_INFINITY, index, end);
    else if (word !== 0xffff_ffff)
      for (let at = index; at < end; at++)
        if (!isAllowed(allowed, firstRow + at)) logits[at] = Number.NEGATIVE_INFINITY;
    index = end;
  }
}

/** Whether `id` has its bit in a mask; ids beyond the mask's end have none. */
export function isAllowed(allowed: Uint32Array, id: number): boolean {
  return (((allowed[id >>> 5] ?? 0) >>> (id & 31)) & 1) === 1;
}
