import { hyperbolicTangent } from "./exponential";

/** cap · tanh(scores / cap); the scores themselves where the cap is 0. */
export function capScores(scores: v128, cap: f32): v128 {
  if (!(cap > 0)) return scores;
  const caps = f32x4.splat(cap);
  return f32x4.mul(caps, hyperbolicTangent(f32x4.div(scores, caps)));
}
