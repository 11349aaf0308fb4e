import type { MatrixShape } from "./families/shapes.ts";

/*
 * Bytes of WASM memory the engine takes for what it holds: weights as it repacks them, KV pages and row buffers. A test
 * compares them with runtime/simd/layout.ts, which says how those bytes are laid out.
 */

const GROUP_OUTPUTS = 16;
const BLOCK = 32;
const SEGMENT = 128;
const KV_PAGE_TOKENS = 32;
const ATTENTION_ROWS = 64;
const ROW_STAGING_BYTES = 256 * 1024;

const align = (bytes: number) => Math.ceil(bytes / 16) * 16;
const paddedOutputs = (outputs: number) => Math.ceil(outputs / GROUP_OUTPUTS) * GROUP_OUTPUTS;

/** 4-bit matrix: 16 bytes of nibbles and an int16 scale a block of 32, and a float32 scale an output. */
export const packed4Bytes = ({ outputs, columns }: MatrixShape) =>
  align(paddedOutputs(outputs) * (columns / BLOCK) * 18) + align(paddedOutputs(outputs) * 4);

/** 8-bit matrix: 32 bytes and an fp16 scale a block of 32. */
export const packed8Bytes = ({ outputs, columns }: MatrixShape) =>
  align(paddedOutputs(outputs) * (columns / BLOCK) * 34);

/** Keys and values of one layer in float16, in whole pages. */
export const kvCacheBytes = (kvHeads: number, headDim: number, tokens: number) =>
  Math.ceil(tokens / KV_PAGE_TOKENS) * KV_PAGE_TOKENS * 2 * kvHeads * headDim * 2;

/** One row quantised to 8 bits: the values, a form the kernels like better, and their sums and scales. */
export const activationRowBytes = (columns: number) =>
  3 * columns + align((columns / BLOCK) * 4) + align(Math.ceil(columns / SEGMENT) * 4);

/** A tile of keys, of values and of two heads' scores, and running sums of a group of rows for all heads, float32. */
export const attentionScratchBytes = (heads: number, headDim: number) =>
  (2 * KV_PAGE_TOKENS * headDim + 2 * KV_PAGE_TOKENS + 2 * ATTENTION_ROWS * heads) * 4;

/** What loading a matrix needs beside its place: all its fp16 scales and some rows as they come. */
export const loadingBytes = ({ outputs, columns }: MatrixShape) => (outputs * columns * 2) / BLOCK + ROW_STAGING_BYTES;

/** Page tables of the KV cache, gaps between buffers, and the last page of WASM memory in part. */
export const MEMORY_ROUNDING_BYTES = 128 * 1024;
