// The numbers of runtime/simd/layout.ts, which says what they mean.

export const BLOCK: u32 = 32;
export const SEGMENT: u32 = 128;
export const PAGE_TOKENS: u32 = 32;
export const ATTENTION_ROWS: u32 = 64;
export const FIXED_ATTENTION_ROWS: u32 = 16;
export const FIXED_STEPS: f32 = 16383;
export const KV_STEPS: f32 = 127;
/** Bytes of the scores of one head and tile. */
export const TILE_WEIGHTS: u32 = 128;

/** Outputs in one stream, and bytes of a block of theirs: weights, then scales. */
export const GROUP_OUTPUTS: u32 = 16;
export const Q4_NIBBLES: u32 = 256;
export const Q4_BLOCK: u32 = 288;
export const Q8_BYTES: u32 = 512;
export const Q8_BLOCK: u32 = 544;
/** Between the vectors of four outputs in one block, and between those and the next columns'. */
export const LANES_BYTES: u32 = 16;
export const VECTOR_STRIDE: u32 = 64;
/** Bytes of the int16 or float16 scales of four outputs. */
export const LANES_SCALES: u32 = 8;

function align(bytes: u32): u32 {
  return (bytes + 15) & ~15;
}

export function segments(columns: u32): u32 {
  return (columns + SEGMENT - 1) / SEGMENT;
}

/** Offset of the −8 · Σ activations of each block inside a plane. */
export function planeSums(columns: u32): u32 {
  return 3 * columns;
}

/** Offset of the segment scales inside a plane. */
export function planeScales(columns: u32): u32 {
  return 3 * columns + align((columns / BLOCK) * 4);
}

export function planeBytes(columns: u32): u32 {
  return planeScales(columns) + align(segments(columns) * 4);
}

export function q4StreamBytes(outputs: u32, columns: u32): u32 {
  return ((outputs + GROUP_OUTPUTS - 1) / GROUP_OUTPUTS) * (columns / BLOCK) * Q4_BLOCK;
}
