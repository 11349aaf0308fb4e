/**
 * Σ w · q over the four columns of each output in `weights`, in the four 32-bit lanes. Relaxed: `wide` is the address of
 * max(q, 0) and then max(−q, 0) of the columns, seven bits each, so that a pair of products fits 16 bits. Otherwise
 * `plane` is the address of the int8 columns, and an output's sum is spread over two lanes: use halfDots.
 */
export function quadDots(weights: v128, wide: usize, ones: v128): v128 {
  const positive = i16x8.relaxed_dot_i8x16_i7x16_s(weights, v128.load32_splat(wide));
  const negative = i16x8.relaxed_dot_i8x16_i7x16_s(weights, v128.load32_splat(wide, 4));
  return i32x4.dot_i16x8_s(i16x8.sub(positive, negative), ones);
}

/** Four int8 columns as int16, twice. */
export function wideColumns(plane: usize): v128 {
  return i16x8.extend_low_i8x16_s(v128.load32_splat(plane));
}
