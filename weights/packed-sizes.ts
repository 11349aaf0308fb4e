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
const FIXED_ATTENTION_ROWS = 16;
const ROW_STAGING_BYTES = 256 * 1024;

const align = (bytes: number) => Math.ceil(bytes / 16) * 16;
const paddedOutputs = (outputs: number) => Math.ceil(outputs / GROUP_OUTPUTS) * GROUP_OUTPUTS;

/** 4-bit matrix: 16 bytes of nibbles and an int16 scale a block of 32, and a float32 scale an output. */
export const packed4Bytes = ({ outputs, columns }: MatrixShape) =>
  align(paddedOutputs(outputs) * (columns / BLOCK) * 18) + align(paddedOutputs(outputs) * 4);

/** 8-bit matrix: 32 bytes and an fp16 scale a block of 32. */
export const packed8Bytes = ({ outputs, columns }: MatrixShape) =>
  align(paddedOutputs(outputs) * (columns / BLOCK) * 34);

/** Bits of a number in the KV cache. */
export type KvBits = 8 | 16 | 32;

/** Keys and values of one layer, in whole pages; with 8 bits a float32 scale for each token and head of both. */
export const kvCacheBytes = (kvHeads: number, headDim: number, tokens: number, kvBits: KvBits) =>
  Math.ceil(tokens / KV_PAGE_TOKENS) * KV_PAGE_TOKENS * 2 * kvHeads * ((headDim * kvBits) / 8 + (kvBits === 8 ? 4 : 0));

/** One row quantised to 8 bits: the values, a form the kernels like better, and their sums and scales. */
export const activationRowBytes = (columns: number) =>
  3 * columns + align((columns / BLOCK) * 4) + align(Math.ceil(columns / SEGMENT) * 4);

/**
 * A tile of two heads' scores and, for a group of rows and all heads, what sums up as tiles go by; beside them a tile of
 * keys and one of values in float32, or over an 8-bit cache one query in float32 and the group's in 16 bits.
 */
export const attentionScratchBytes = (heads: number, headDim: number, kvBits: KvBits) =>
  kvBits === 8
    ? (2 * KV_PAGE_TOKENS + headDim) * 4 + FIXED_ATTENTION_ROWS * heads * (16 + 2 * headDim)
    : (2 * KV_PAGE_TOKENS * headDim + 2 * KV_PAGE_TOKENS + 2 * ATTENTION_ROWS * heads) * 4;

/** What loading a matrix needs beside its place: all its fp16 scales and some rows as they come. */
export const loadingBytes = ({ outputs, columns }: MatrixShape) => (outputs * columns * 2) / BLOCK + ROW_STAGING_BYTES;

/** Page tables of the KV cache, gaps between buffers, and the last page of WASM memory in part. */
export const MEMORY_ROUNDING_BYTES = 128 * 1024;
