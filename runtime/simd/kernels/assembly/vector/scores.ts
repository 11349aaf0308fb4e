import { hyperbolicTangent } from "./exponential";

/** cap · tanh(scores / cap); the scores themselves where the cap is 0. */
export function capScores(scores: v128, cap: f32): v128 {
  if (!(cap > 0)) return scores;
  const caps = f32x4.splat(cap);
  return f32x4.mul(caps, hyperbolicTangent(f32x4.div(scores, caps)));
}

/** All bits set in the lanes `token` … `token` + 3 that lie in first … last − 1. */
export function visibleLanes(token: u32, first: u32, last: u32): v128 {
  const tokens = i32x4.add(i32x4.splat(token), i32x4(0, 1, 2, 3));
  return v128.and(i32x4.ge_s(tokens, i32x4.splat(first)), i32x4.lt_s(tokens, i32x4.splat(last)));
}
