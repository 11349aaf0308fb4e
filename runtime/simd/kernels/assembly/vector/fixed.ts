import { ROUNDER } from "./exponential";

/** The integers next to x · stepsInOne, halves to even; products of magnitude under 2²². */
export function nearestSteps(x: v128, stepsInOne: v128): v128 {
  const rounder = f32x4.splat(ROUNDER);
  return i32x4.sub(f32x4.add(f32x4.mul(x, stepsInOne), rounder), rounder);
}

/** Eight int8 as int16. */
export function wideBytes(address: usize): v128 {
  return v128.load_ext<i8>(address);
}

/** sums + a · b of int16, two products a lane. */
export function addDots(sums: v128, a: v128, b: v128): v128 {
  return i32x4.add(sums, i32x4.dot_i16x8_s(a, b));
}

/** The sum over lanes of four vectors of int32, one a lane. */
export function integerSumsOfLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
}
