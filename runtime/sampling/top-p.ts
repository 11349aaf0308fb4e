import { exp } from "../elementary.ts";
import type { Candidates } from "./candidates.ts";

/**
 * How many of the best survive top-p (nucleus sampling, Holtzman et al. 2019): the fewest whose probabilities reach
 * `topP` of `total`, which is Σ exp((logit − best) · inverseTemperature) over everything still in play; Infinity when
 * `candidates` end before it is known.
 */
export function topPCount(
  { logits, complete }: Candidates,
  topP: number,
  inverseTemperature: number,
  total: number,
): number {
  const enough = topP * total;
  let sum = 0;
  for (const [index, logit] of logits.entries()) {
    sum += exp((logit - logits[0]!) * inverseTemperature);
    if (sum >= enough) return index + 1;
  }
  return complete ? logits.length : Number.POSITIVE_INFINITY;
}

/** The `total` of `topPCount` when only the `count` best are in play. */
export function massOfBest({ logits }: Candidates, count: number, inverseTemperature: number): number {
  let sum = 0;
  for (const logit of logits.subarray(0, count)) sum += exp((logit - logits[0]!) * inverseTemperature);
  return sum;
}
