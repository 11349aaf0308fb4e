import { log } from "../elementary.ts";
import type { Candidates } from "./candidates.ts";

/**
 * How many of the best survive min-p (Nguyen et al. 2024): those at least `minP` times as probable as the best one;
 * Infinity when `candidates` end before it is known.
 */
export function minPCount({ logits, complete }: Candidates, minP: number, inverseTemperature: number): number {
  const lowest = log(minP);
  const index = logits.findIndex((logit) => (logit - logits[0]!) * inverseTemperature < lowest);
  if (index >= 0) return index;
  return complete ? logits.length : Number.POSITIVE_INFINITY;
}
