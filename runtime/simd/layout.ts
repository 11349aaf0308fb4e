import type { ActivationBits } from "../engine.ts";

/*
 * Byte layouts shared by the kernels (AssemblyScript and reference), the loader and the memory planner.
 * All offsets are byte offsets into one WASM memory; every buffer begins at a multiple of 16.
 */

/** Columns under one fp16 weight scale. */
export const BLOCK = 32;
/** Columns under one activation scale; the last segment of a row may be shorter (a multiple of BLOCK). */
export const SEGMENT = 128;
/** Weight rows interleaved into one stream. */
export const LANES = 4;
/** Tokens in a KV page; attention goes in tiles that begin at multiples of this. */
export const PAGE_TOKENS = 32;

const align = (bytes: number) => Math.ceil(bytes / 16) * 16;
export const segments = (columns: number) => Math.ceil(columns / SEGMENT);

/**
 * 4-bit matrix [outputs, columns]. Per group of 4 outputs, per block of 32 columns, 72 bytes: 4 × 16 bytes as in
 * MatMulNBits (byte j: low nibble = column 2j, high nibble = column 2j + 1, offset 8), then 4 int16 block scales in
 * 1 … 16383 (signed) relative to the output's row scale. Then one float32 row scale an output. Outputs are padded to a
 * multiple of 4 with zero scales.
 */
export const q4StreamBytes = (outputs: number, columns: number) =>
  align(Math.ceil(outputs / LANES) * (columns / BLOCK) * LANES * 18);
export const q4Bytes = (outputs: number, columns: number) =>
  q4StreamBytes(outputs, columns) + align(Math.ceil(outputs / LANES) * LANES * 4);
/** |block scale| ≤ this: 128 columns · 8 · 128 · 16383 < 2³¹, so that a segment sums in one int32, in any order. */
export const MAX_BLOCK_SCALE = 16_383;

/**
 * 8-bit matrix [outputs, columns]: per group of 4 outputs, per block of 32 columns, 136 bytes: 4 × 32 signed bytes
 * (stored value − 128) in column order, then 4 fp16 block scales as in the file.
 */
export const q8Bytes = (outputs: number, columns: number) =>
  align(Math.ceil(outputs / LANES) * (columns / BLOCK) * LANES * 34);

/**
 * One quantised activation row. `bits` 16 has two planes (high byte, low byte), 8 has one. A plane: int8 [columns]; per
 * block of 32 first the 16 even, then the 16 odd columns (the order of the nibbles). After the planes: float32 scale a
 * segment (of the whole value: high · 256 + low). `kernels/` may append derived sums (`EXTRA`), e.g. −8 · Σ a per block.
 */
export const activationPlaneBytes = (columns: number) => align(columns);
export const activationExtraBytes = (columns: number) => align((columns / BLOCK) * 16);
export const activationRowBytes = (columns: number, bits: ActivationBits) =>
  (bits / 8) * (activationPlaneBytes(columns) + activationExtraBytes(columns)) + align(segments(columns) * 4);

/**
 * KV page of one session: PAGE_TOKENS tokens of every layer of the stage, float16. Per layer: keys
 * [kvHeads, PAGE_TOKENS, headDim], then values [kvHeads, PAGE_TOKENS, headDim].
 */
export const kvLayerBytes = (kvHeads: number, headDim: number) => 2 * kvHeads * PAGE_TOKENS * headDim * 2;
