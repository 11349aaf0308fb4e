import { exp } from "./elementary.ts";
import { logSumExp } from "./sampling/log-sum-exp.ts";

/** How far one model's distribution is from another's, summed over positions. */
export interface Divergence {
  positions: number;
  /** Σ KL(reference ‖ model), nats. */
  kl: number;
  /** Positions where both think the same id the most probable. */
  sameTop: number;
  /** Positions whose next id is known, and −Σ ln p of those ids. */
  scored: number;
  nll: number;
  referenceNll: number;
}

export const noDivergence = (): Divergence => ({
  positions: 0,
  kl: 0,
  sameTop: 0,
  scored: 0,
  nll: 0,
  referenceNll: 0,
});

/** Adds one position: both models' logits [vocabulary], and the id that came next if it is known. */
export function addDivergence(
  sums: Divergence,
  logits: Float32Array,
  reference: Float32Array,
  nextId: number | undefined,
): void {
  const total = logSumExp(logits);
  const referenceTotal = logSumExp(reference);
  let kl = 0;
  let top = 0;
  let referenceTop = 0;
  for (let id = 0; id < reference.length; id++) {
    if (logits[id]! > logits[top]!) top = id;
    if (reference[id]! > reference[referenceTop]!) referenceTop = id;
    const logProbability = reference[id]! - referenceTotal;
    const probability = exp(logProbability);
    // 0 · ln 0 is 0.
    if (probability > 0) kl += probability * (logProbability - (logits[id]! - total));
  }
  sums.positions += 1;
  sums.kl += kl;
  if (top === referenceTop) sums.sameTop += 1;
  if (nextId === undefined) return;
  sums.scored += 1;
  sums.nll -= logits[nextId]! - total;
  sums.referenceNll -= reference[nextId]! - referenceTotal;
}
