/*
 * Byte layouts shared by the kernels (AssemblyScript and reference), the loader and the memory planner. How many bytes
 * each takes is in weights/packed-sizes.ts, where models are planned. All offsets are byte offsets into one WASM memory;
 * every buffer begins at a multiple of 16.
 */

export {
  ATTENTION_ROWS,
  BLOCK,
  FIXED_ATTENTION_ROWS,
  GROUP_OUTPUTS,
  PAGE_TOKENS,
  SEGMENT,
} from "../../weights/packed-sizes.ts";

/** Outputs of one vector: its four 32-bit lanes. Weights are repacked in multiples of it. */
export const LANES = 4;

/**
 * 4-bit matrix [outputs, columns]: one stream, then a float32 row scale an output; outputs are padded to whole groups of
 * 16. The stream holds, per group and per block of 32 columns, 288 bytes: four times 64 bytes of nibbles, then 16 int16
 * block scales (|scale| ≤ MAX_BLOCK_SCALE, relative to the output's row scale). The v-th 64 bytes are a vector for each
 * four outputs; byte 4·o + i of one holds its output o's columns 8v + i (low nibble) and 8v + 4 + i (high), offset 8. So
 * a vector meets 4 activations repeated four times, and each 32-bit lane sums one output.
 */
export { Q4_BLOCK_BYTES, q4Bytes, q4StreamBytes } from "../../weights/packed-sizes.ts";
/** |block scale| ≤ this: 128 columns · 8 · 127 · 16383 < 2³¹, so that a segment sums in one int32, in any order. */
export const MAX_BLOCK_SCALE = 16_383;

/**
 * 8-bit matrix [outputs, columns]: per group of 16 outputs and per block of 32 columns, 544 bytes: eight times 64 signed
 * bytes (stored value − 128), then 16 fp16 block scales as in the file. The v-th 64 bytes are a vector for each four
 * outputs; byte 4·o + i of one is its output o's column 4v + i.
 */
/**
 * One quantised activation row is `bits` / 8 planes; value = scale · plane (8 bit) or scale · (255 · plane 0 + plane 1)
 * (16 bit), every byte within ±127. A plane: int8 [columns]; the same as int16, in an order of the build's choice;
 * −8 · Σ activations as int16 pairs, one a block: columns 0, 1 mod 4, then 2, 3 mod 4; a float32 scale a segment.
 * Rows are read only by the implementation that wrote them.
 */
export { activationPlaneBytes, activationRowBytes, Q8_BLOCK_BYTES, q8Bytes } from "../../weights/packed-sizes.ts";
/** 16-bit activations in base 255: the largest is 255 · 127 + 127, and both digits stay within ±127. */
export const WIDE_BASE = 255;
export const MAX_WIDE = 32_512;

/**
 * KV page of one session: PAGE_TOKENS tokens of every layer of the stage. Per layer, in float16 or float32: keys
 * [kvHeads, PAGE_TOKENS, headDim], then values [kvHeads, PAGE_TOKENS, headDim]. In 8 bits: int8 keys [kvHeads,
 * PAGE_TOKENS, headDim]; int8 values [kvHeads, PAGE_TOKENS / 2, headDim, 2], so that a product of two int16 sums two
 * tokens; float32 scales of the keys [kvHeads, PAGE_TOKENS], then of the values.
 */
export { attentionScratchBytes, kvLayerBytes } from "../../weights/packed-sizes.ts";
/** The largest magnitude of a key or value in 8 bits. */
export const KV_STEPS = 127;
/**
 * The largest magnitude of a query, and of a softmax weight times a value's scale, beside 8-bit keys and values:
 * 1032 dimensions · 127 · 16383 < 2³¹, so a product sums in one int32, and so does a tile of 32 weighted values.
 */
export const FIXED_STEPS = 16_383;
