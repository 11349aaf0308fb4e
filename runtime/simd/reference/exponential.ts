const float = Math.fround;
const number = new Float32Array(1);
const bits = new Int32Array(number.buffer);

/** Adding and subtracting it rounds a float32 of magnitude under 2²² to the nearest integer, halves to even. */
export const ROUNDER = 12_582_912;

const LOWEST = float(-87.33654);
const HIGHEST = float(88.37626);
const LOG2E = float(Math.LOG2E);
/** ln 2 in two parts; the first has 9 bits, so that its product with an exponent is exact. */
const LN2_HIGH = float(0.693359375);
const LN2_LOW = float(-2.1219444e-4);
const EXP = [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1].map(
  float,
);

/**
 * e^x in float32 with the operations of the SIMD kernel (polynomial of Cephes' expf): within 2 ulp for
 * −87.33 ≤ x ≤ 88.37, 0 below, 2.4 · 10³⁸ above.
 */
export function exponential(x: number): number {
  const clampedHigh = HIGHEST < x ? HIGHEST : x;
  const clamped = clampedHigh < LOWEST ? LOWEST : clampedHigh;
  number[0] = float(float(clamped * LOG2E) + ROUNDER);
  const n = float(number[0] - ROUNDER);
  const power = bits[0]! << 23;
  const r = float(float(clamped - float(n * LN2_HIGH)) - float(n * LN2_LOW));
  let p = EXP[0]!;
  for (let i = 1; i < EXP.length; i++) p = float(float(p * r) + EXP[i]!);
  number[0] = float(float(float(p * float(r * r)) + r) + 1);
  bits[0] = (bits[0]! + power) | 0;
  return x < LOWEST ? 0 : number[0]!;
}

const TANH = [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1].map(float);
const TANH_SMALL = 0.625;

/** tanh in float32 with the operations of the SIMD kernel (Cephes' tanhf): within 3 ulp, ±1 from 9.02 on. */
export function hyperbolicTangent(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < TANH_SMALL) {
    const z = float(x * x);
    let p = TANH[0]!;
    for (let i = 1; i < TANH.length; i++) p = float(float(p * z) + TANH[i]!);
    return float(float(float(p * z) * x) + x);
  }
  const large = float(1 - float(2 / float(exponential(float(magnitude + magnitude)) + 1)));
  return x < 0 ? -large : large;
}
