import type { MatrixShape } from "./families/gemma1-shapes.ts";

/*
 * Bytes of WASM memory the engine takes for what it holds: weights as it repacks them, KV pages and row buffers. A test
 * compares them with runtime/simd/layout.ts, which says how those bytes are laid out.
 */

const LANES = 4;
const BLOCK = 32;
const KV_PAGE_TOKENS = 32;

const align = (bytes: number) => Math.ceil(bytes / 16) * 16;
const paddedOutputs = (outputs: number) => Math.ceil(outputs / LANES) * LANES;

/** 4-bit matrix: 16 bytes of nibbles and an int16 scale a block of 32, and a float32 scale an output. */
export const packed4Bytes = ({ outputs, columns }: MatrixShape) =>
  align(paddedOutputs(outputs) * (columns / BLOCK) * 18) + align(paddedOutputs(outputs) * 4);

/** 8-bit matrix: 32 bytes and an fp16 scale a block of 32. */
export const packed8Bytes = ({ outputs, columns }: MatrixShape) =>
  align(paddedOutputs(outputs) * (columns / BLOCK) * 34);

/** Keys and values of one layer in float16, in whole pages. */
export const kvCacheBytes = (kvHeads: number, headDim: number, tokens: number) =>
  Math.ceil(tokens / KV_PAGE_TOKENS) * KV_PAGE_TOKENS * 2 * kvHeads * headDim * 2;

/** Cosines and sines of all positions of a context, float32. */
export const rotaryTableBytes = (headDim: number, positions: number) => 2 * positions * (headDim / 2) * 4;

/** One row quantised to 8 bits: the values, a form the kernels like better, and their sums and scales. */
export const activationRowBytes = (columns: number) =>
  3 * columns + align((columns / BLOCK) * 4) + align(Math.ceil(columns / 128) * 4);
