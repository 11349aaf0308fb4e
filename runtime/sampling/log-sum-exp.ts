import { exp, log } from "../elementary.ts";

/** ln Σ e^logit over all logits, in float64 and index order; −Infinity when every one is. */
export function logSumExp(logits: Float32Array): number {
  let max = Number.NEGATIVE_INFINITY;
  for (const logit of logits) if (logit > max) max = logit;
  if (max === Number.NEGATIVE_INFINITY) return max;
  let sum = 0;
  for (const logit of logits) sum += exp(logit - max);
  return max + log(sum);
}
