/*
 * A vector of nibbles as eight 16-bit lanes of four nibbles: each part below is one int16 a lane, so two columns of each
 * of the four outputs (their low nibbles 0, 2 and 1, 3; their high nibbles 0, 2 and 1, 3).
 */

export function lowEven(bytes: v128, mask: v128): v128 {
  return v128.and(bytes, mask);
}

export function highEven(bytes: v128, mask: v128): v128 {
  return v128.and(i16x8.shr_u(bytes, 4), mask);
}

export function lowOdd(bytes: v128, mask: v128): v128 {
  return v128.and(i16x8.shr_u(bytes, 8), mask);
}

export function highOdd(bytes: v128): v128 {
  return i16x8.shr_u(bytes, 12);
}

/**
 * Adds 8 columns' products to `dots`: the nibbles of `bytes` with the columns' int16, two in each 32-bit lane. q02 holds
 * columns 0 and 2 four times, and so on.
 */
export function vectorDots(dots: v128, bytes: v128, mask: v128, q02: v128, q13: v128, q46: v128, q57: v128): v128 {
  dots = i32x4.add(dots, i32x4.dot_i16x8_s(q02, lowEven(bytes, mask)));
  dots = i32x4.add(dots, i32x4.dot_i16x8_s(q13, lowOdd(bytes, mask)));
  dots = i32x4.add(dots, i32x4.dot_i16x8_s(q46, highEven(bytes, mask)));
  return i32x4.add(dots, i32x4.dot_i16x8_s(q57, highOdd(bytes)));
}

/** The same with parts unpacked before, for several rows; `wide` is the address of the columns' int16 0, 2, 1, 3, 4, 6, 5, 7. */
export function partsDots(dots: v128, wide: usize, le: v128, he: v128, lo: v128, ho: v128): v128 {
  dots = i32x4.add(dots, i32x4.dot_i16x8_s(v128.load32_splat(wide), le));
  dots = i32x4.add(dots, i32x4.dot_i16x8_s(v128.load32_splat(wide, 4), lo));
  dots = i32x4.add(dots, i32x4.dot_i16x8_s(v128.load32_splat(wide, 8), he));
  return i32x4.add(dots, i32x4.dot_i16x8_s(v128.load32_splat(wide, 12), ho));
}

/** −8 · Σ q of a block in every lane: the sum of the int16 pair at `address`. */
export function offsetSum(address: usize): v128 {
  return i32x4.splat(<i32>load<i16>(address) + <i32>load<i16>(address, 2));
}
