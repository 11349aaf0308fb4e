/*
 * Bytes of WASM memory the engine takes for what it holds: weights as it repacks them, KV pages and row buffers.
 * runtime/simd/layout.ts says how those bytes are laid out.
 */

/** Columns under one fp16 weight scale; every matrix has a multiple of it. */
export const BLOCK = 32;
/** Columns under one activation scale; the last segment of a row may be shorter (a multiple of BLOCK). */
export const SEGMENT = 128;
/** Outputs interleaved into one stream. */
export const GROUP_OUTPUTS = 16;
/** Tokens in a KV page; attention goes in tiles that begin at multiples of this. */
export const PAGE_TOKENS = 32;
/** Rows that share one conversion of a KV page; more are done in turns. */
export const ATTENTION_ROWS = 64;
/** Rows that share one reading of an 8-bit KV page. */
export const FIXED_ATTENTION_ROWS = 16;
/** Rows of weights collected before they are repacked. */
export const ROW_STAGING_BYTES = 256 * 1024;

/** Bits of a quantised activation: 8 (one byte, fast) or 16 (a high and a low byte, for checking). */
export type ActivationBits = 8 | 16;

/** Bits of a number in the KV cache: 8 (int8, a scale a token and head), 16 (float16) or 32 (float32). */
export type KvBits = 8 | 16 | 32;

const align = (bytes: number) => Math.ceil(bytes / 16) * 16;
const groups = (outputs: number) => Math.ceil(outputs / GROUP_OUTPUTS);

/** 16 outputs' nibbles and int16 scales of one block of a 4-bit matrix. */
export const Q4_BLOCK_BYTES = GROUP_OUTPUTS * 18;
export const q4StreamBytes = (outputs: number, columns: number) => groups(outputs) * (columns / BLOCK) * Q4_BLOCK_BYTES;
/** 4-bit matrix: the stream, and a float32 scale an output. */
export const q4Bytes = (outputs: number, columns: number) =>
  q4StreamBytes(outputs, columns) + groups(outputs) * GROUP_OUTPUTS * 4;

/** 16 outputs' bytes and fp16 scales of one block of an 8-bit matrix. */
export const Q8_BLOCK_BYTES = GROUP_OUTPUTS * 34;
export const q8Bytes = (outputs: number, columns: number) => groups(outputs) * (columns / BLOCK) * Q8_BLOCK_BYTES;

/** A quantised row: the values, a form the kernels like better, and their sums and scales, 16 bits as two planes. */
export const activationPlaneBytes = (columns: number) =>
  3 * columns + align((columns / BLOCK) * 4) + align(Math.ceil(columns / SEGMENT) * 4);
export const activationRowBytes = (columns: number, bits: ActivationBits) => (bits / 8) * activationPlaneBytes(columns);

/** A page of one layer's keys and values; with 8 bits a float32 scale for each token and head of both. */
export const kvLayerBytes = (kvHeads: number, headDim: number, kvBits: KvBits) =>
  (2 * kvHeads * PAGE_TOKENS * headDim * kvBits) / 8 + (kvBits === 8 ? 2 * kvHeads * PAGE_TOKENS * 4 : 0);

/** Session slots of a stage at most, those included that only keep a prefix; one with few KV tokens may have fewer. */
export const MAX_SESSIONS = 512;

/** A KV cache of `pages` pages, of which a session may hold those of `contextTokens` tokens. */
interface PagedCache {
  readonly pages: number;
  readonly contextTokens: number;
}

/** Slots whose page tables are planned: no more than there are pages to hold a token. */
export const kvSlots = ({ pages }: PagedCache) => Math.min(pages, MAX_SESSIONS);
export const pagesPerSlot = ({ pages, contextTokens }: PagedCache) =>
  Math.min(pages, Math.ceil(contextTokens / PAGE_TOKENS));

/**
 * Scratch of the attention kernels, whatever the context. Over float16 or float32: a tile of keys and one of values in
 * float32, a tile of scores of two heads, and the running maximum and sum of ATTENTION_ROWS rows of all heads. Over 8
 * bits: the scores, one transformed query, and of FIXED_ATTENTION_ROWS rows of all heads 16 bytes of state and the int16
 * query.
 */
export const attentionScratchBytes = (heads: number, headDim: number, kvBits: KvBits) =>
  kvBits === 8
    ? (2 * PAGE_TOKENS + headDim) * 4 + FIXED_ATTENTION_ROWS * heads * (16 + 2 * headDim)
    : (2 * PAGE_TOKENS * headDim + 2 * PAGE_TOKENS + 2 * ATTENTION_ROWS * heads) * 4;
