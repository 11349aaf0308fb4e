/** The low nibbles of sixteen bytes; `mask` holds 15 in every byte. */
export function lowNibbles(bytes: v128, mask: v128): v128 {
  return v128.and(bytes, mask);
}

export function highNibbles(bytes: v128, mask: v128): v128 {
  return v128.and(i16x8.shr_u(bytes, 4), mask);
}

/** The four int16 block scales at `address`, each twice: one for both 16-bit halves of an output's lane. */
export function doubledScales(address: usize): v128 {
  const scales = v128.load64_zero(address);
  return v128.shuffle<i16>(scales, scales, 0, 0, 1, 1, 2, 2, 3, 3);
}

/** Adds Σ nibble · q of eight columns to `dots`; `low` and `high` hold the first and the last four, four times each. */
export function vectorDots(dots: v128, nibbles: v128, low: v128, high: v128, mask: v128): v128 {
  dots = i16x8.add(dots, i16x8.relaxed_dot_i8x16_i7x16_s(low, lowNibbles(nibbles, mask)));
  return i16x8.add(dots, i16x8.relaxed_dot_i8x16_i7x16_s(high, highNibbles(nibbles, mask)));
}

/**
 * Σ (nibble − 8) · q over 32 columns at `plane`, two 16-bit lanes an output. l0 … h3 are the block's nibbles, `sums` the
 * address of −8 · Σ q. Sixteen products of at most 15 · 127 and the sum fit 16 bits.
 */
export function blockDots(
  plane: usize,
  sums: usize,
  l0: v128,
  h0: v128,
  l1: v128,
  h1: v128,
  l2: v128,
  h2: v128,
  l3: v128,
  h3: v128,
): v128 {
  let dots = v128.load32_splat(sums);
  dots = i16x8.add(dots, i16x8.relaxed_dot_i8x16_i7x16_s(v128.load32_splat(plane), l0));
  dots = i16x8.add(dots, i16x8.relaxed_dot_i8x16_i7x16_s(v128.load32_splat(plane, 4), h0));
  dots = i16x8.add(dots, i16x8.relaxed_dot_i8x16_i7x16_s(v128.load32_splat(plane, 8), l1));
  dots = i16x8.add(dots, i16x8.relaxed_dot_i8x16_i7x16_s(v128.load32_splat(plane, 12), h1));
  dots = i16x8.add(dots, i16x8.relaxed_dot_i8x16_i7x16_s(v128.load32_splat(plane, 16), l2));
  dots = i16x8.add(dots, i16x8.relaxed_dot_i8x16_i7x16_s(v128.load32_splat(plane, 20), h2));
  dots = i16x8.add(dots, i16x8.relaxed_dot_i8x16_i7x16_s(v128.load32_splat(plane, 24), l3));
  return i16x8.add(dots, i16x8.relaxed_dot_i8x16_i7x16_s(v128.load32_splat(plane, 28), h3));
}
