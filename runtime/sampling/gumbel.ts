import { log } from "../elementary.ts";

/**
 * Standard Gumbel noise from a uniform number in (0, 1). The id that maximises score + noise is distributed as softmax
 * of the scores (Gumbel 1954; Maddison, Tarlow and Minka 2014).
 */
export function gumbel(uniform: number): number {
  return -log(-log(uniform));
}

/** A bound that `gumbel` does not exceed, without a logarithm: −ln u ≥ 1 − u, and 1 − u ≥ 2^-(z + 1) for z leading zeros. */
export function gumbelCeiling(uniform: number): number {
  const rest = ((1 - uniform) * 4_294_967_296) >>> 0;
  return rest === 0 ? Number.POSITIVE_INFINITY : (Math.clz32(rest) + 1) * Math.LN2;
}
