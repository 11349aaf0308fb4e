import { loadHalves } from "./half";

/** Four int8 columns as int16, twice. */
export function wideColumns(plane: usize): v128 {
  return i16x8.extend_low_i8x16_s(v128.load32_splat(plane));
}

/** Bytes of a column in what fourColumns reads: the relaxed build keeps a plane as int16 in its order, the other does not. */
export const WIDE_BYTES: u32 = ASC_FEATURE_RELAXED_SIMD ? 2 : 1;

export function firstColumns(plane: usize, columns: u32): usize {
  return ASC_FEATURE_RELAXED_SIMD ? plane + columns : plane;
}

/** The same as wideColumns, four columns at a time from firstColumns on. */
export function fourColumns(at: usize): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? v128.load64_splat(at) : wideColumns(at);
}

/** [a0 + a1, a2 + a3, b0 + b1, b2 + b3]. */
export function sumsOfPairs(a: v128, b: v128): v128 {
  return i32x4.add(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7));
}

/** float(dots) · the four float16 block scales at `scales`; `mask` and `factor` as for loadHalves. */
export function scaledBlock(dots: v128, scales: usize, mask: v128, factor: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(dots), loadHalves(scales, mask, factor));
}
