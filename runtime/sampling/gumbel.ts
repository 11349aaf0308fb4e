import { log } from "../elementary.ts";

/**
 * Standard Gumbel noise from a uniform number in (0, 1). The id that maximises score + noise is distributed as softmax
 * of the scores (Gumbel 1954; Maddison, Tarlow and Minka 2014).
 */
export function gumbel(uniform: number): number {
  return -log(-log(uniform));
}

/** ln 2 and a little, so that no rounding brings a multiple of it below a logarithm. */
const LN2_ABOVE = 0.693147180559946;

/** What `gumbel(u)` does not exceed where 1 − u ≥ 2^-restExponent: −ln u ≥ 1 − u. Takes no logarithm. */
export function gumbelCeiling(restExponent: number): number {
  return restExponent * LN2_ABOVE;
}
