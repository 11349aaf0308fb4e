/** Integers order magnitudes of float32 as float32 does, NaN above all. */
const INFINITY_BITS: u32 = 0x7f800000;
const NAN_BITS: u32 = 0x7fc00000;
/** 2⁻¹⁰⁰: where the largest magnitude is smaller, all numbers are 0. */
const SMALLEST: f32 = 7.888609052210118e-31;

/** Bits of the largest |float32| from `x` up to `end`; any NaN is larger than every number. */
export function largestMagnitude(x: usize, end: usize): u32 {
  let largest = i32x4.splat(0);
  const mask = i32x4.splat(0x7fffffff);
  for (; x < end; x += 16) largest = i32x4.max_u(largest, v128.and(v128.load(x), mask));
  largest = i32x4.max_u(largest, v128.shuffle<i32>(largest, largest, 2, 3, 0, 1));
  largest = i32x4.max_u(largest, v128.shuffle<i32>(largest, largest, 1, 0, 3, 2));
  return i32x4.extract_lane(largest, 0);
}

/** What one step is worth when `steps` of them reach the largest magnitude: 0 for all but nothing, NaN for infinity. */
export function stepSize(largest: u32, steps: f32): f32 {
  const magnitude = reinterpret<f32>(largest);
  if (largest >= INFINITY_BITS) return reinterpret<f32>(NAN_BITS);
  return magnitude >= SMALLEST ? magnitude / steps : 0;
}

/** Steps in 1, by which numbers become integers; 0 where all integers are 0, whatever the numbers. */
export function stepsInOne(largest: u32, steps: f32): f32 {
  const magnitude = reinterpret<f32>(largest);
  return largest < INFINITY_BITS && magnitude >= SMALLEST ? steps / magnitude : 0;
}
