/** 2¹¹²: what remains between the exponents of float16 and float32 after the shift. */
export const HALF_FACTOR: u32 = 0x77800000;
/** Clears the copies of a float16's sign that a sign extension and a shift by 13 leave in the exponent. */
export const HALF_MASK: u32 = 0x8fffffff;

/** Float32 of four finite float16 at `address`; `mask` and `factor` hold HALF_MASK and HALF_FACTOR in every lane. */
export function loadHalves(address: usize, mask: v128, factor: v128): v128 {
  return f32x4.mul(v128.and(i32x4.shl(v128.load_ext<i16>(address), 13), mask), factor);
}

/** The float16 next to each lane, in 32 bits: halves to even; NaN and magnitudes over 65504 give 65504. */
export function halvesOf(x: v128): v128 {
  const sign = v128.and(i32x4.shr_u(x, 16), i32x4.splat(0x8000));
  // pmin(a, b) is b < a ? b : a, so that NaN gives the first.
  const magnitude = f32x4.pmin(f32x4.splat(65504), f32x4.abs(x));
  const half = f32x4.splat(0.5);
  const subnormal = i32x4.sub(f32x4.add(magnitude, half), half);
  const odd = v128.and(i32x4.shr_u(magnitude, 13), i32x4.splat(1));
  const normal = i32x4.shr_u(i32x4.add(i32x4.add(magnitude, i32x4.splat(0xc8000fff)), odd), 13);
  return v128.or(sign, v128.bitselect(subnormal, normal, f32x4.lt(magnitude, f32x4.splat(6.103515625e-5))));
}

/** Float32 of one finite float16. */
export function floatOfHalf(half: u32): f32 {
  const magnitude = reinterpret<f32>((half & 0x7fff) << 13) * reinterpret<f32>(HALF_FACTOR);
  return half & 0x8000 ? -magnitude : magnitude;
}
