import type { Candidates } from "./candidates.ts";

/** How many of the best survive top-k; Infinity when `candidates` end before it is known. */
export function topKCount({ ids, complete }: Candidates, topK: number): number {
  if (ids.length >= topK) return topK;
  return complete ? ids.length : Number.POSITIVE_INFINITY;
}
