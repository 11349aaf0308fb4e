// The numbers of runtime/simd/layout.ts, which says what they mean.

export const BLOCK: u32 = 32;
export const SEGMENT: u32 = 128;
export const SEGMENT_BLOCKS: u32 = 4;
export const PAGE_TOKENS: u32 = 32;
export const ATTENTION_ROWS: u32 = 64;

/** Bytes of a block of four outputs. */
export const Q4_BLOCK: u32 = 72;
export const Q4_NIBBLES: u32 = 64;
export const Q8_BLOCK: u32 = 136;
export const Q8_BYTES: u32 = 128;
export const BLOCK_SCALES: u32 = 8;

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
  return align(((outputs + 3) >> 2) * (columns / BLOCK) * Q4_BLOCK);
}
