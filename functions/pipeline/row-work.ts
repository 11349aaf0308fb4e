import type { Architecture } from "../../weights/manifest.ts";

/** Multiply-adds of 4-bit products that take as long as one of attention's, in whole numbers (docs/bench.md: 47 and 11 a ns). */
const PRODUCTS_PER_ATTENTION = 4;

/**
 * The position at which attention takes a row as long as all matrix products of its layers; Infinity where every layer
 * has a window, since attention then costs the same everywhere.
 */
export function attentionTokens(architecture: Architecture): number {
  const { hiddenSize, intermediateSize, numAttentionHeads, numKeyValueHeads, headDim, attention } = architecture;
  const heads = numAttentionHeads * headDim;
  const products = 2 * hiddenSize * (heads + numKeyValueHeads * headDim) + 3 * hiddenSize * intermediateSize;
  const unbounded = attention.filter(({ window }) => window === null).length;
  return (products * attention.length) / (2 * heads * unbounded * PRODUCTS_PER_ATTENTION);
}
