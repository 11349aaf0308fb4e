/** Adding and subtracting it rounds a float32 of magnitude under 2²² to the nearest integer, halves to even. */
export const ROUNDER: f32 = 12582912;

const LOWEST: f32 = -87.33654;
const HIGHEST: f32 = 88.37626;

/**
 * e^x a lane (polynomial of Cephes' expf): within 2 ulp for −87.33 ≤ x ≤ 88.37, 0 below, 2.4 · 10³⁸ above. The same
 * operations as reference/exponential.ts.
 */
export function exponential(x: v128): v128 {
  const lowest = f32x4.splat(LOWEST);
  const rounder = f32x4.splat(ROUNDER);
  const clamped = f32x4.pmax(f32x4.pmin(x, f32x4.splat(HIGHEST)), lowest);
  const shifted = f32x4.add(f32x4.mul(clamped, f32x4.splat(<f32>Math.LOG2E)), rounder);
  const n = f32x4.sub(shifted, rounder);
  let r = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.1219444e-4)));
  let p = f32x4.splat(1.98756915e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r), f32x4.splat(1));
  return v128.andnot(i32x4.add(p, i32x4.shl(shifted, 23)), f32x4.lt(x, lowest));
}

/** tanh a lane (Cephes' tanhf): within 3 ulp, ±1 from 9.02 on. */
export function hyperbolicTangent(x: v128): v128 {
  const one = f32x4.splat(1);
  const magnitude = f32x4.abs(x);
  const z = f32x4.mul(x, x);
  let p = f32x4.splat(-5.70498872745e-3);
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(2.06390887954e-2));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(-5.37397155531e-2));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(1.33314422036e-1));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(-3.33332819422e-1));
  const small = f32x4.add(f32x4.mul(f32x4.mul(p, z), x), x);
  const power = exponential(f32x4.add(magnitude, magnitude));
  const large = f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(power, one)));
  const signed = v128.or(large, v128.and(x, f32x4.splat(-0.0)));
  return v128.bitselect(small, signed, f32x4.lt(magnitude, f32x4.splat(0.625)));
}
