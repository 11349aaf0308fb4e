import { ROUNDER } from "./exponential.ts";

const float = Math.fround;
const SMALLEST = 2 ** -100;

/** x to the nearest integer, halves to even. */
export const roundHalfEven = (x: number) => float(float(x + ROUNDER) - ROUNDER);

/** Numbers as integers of magnitude up to `steps`, and what 1 of them is worth: NaN beside an infinite number. */
export function quantize(values: Float32Array, steps: number): { integers: Float32Array; step: number } {
  let max = 0;
  for (const value of values) max = Math.max(max, Math.abs(value));
  if (!Number.isFinite(max)) return { integers: new Float32Array(values.length), step: Number.NaN };
  if (max < SMALLEST) return { integers: new Float32Array(values.length), step: 0 };
  const factor = float(steps / max);
  return { integers: values.map((value) => roundHalfEven(float(value * factor))), step: float(max / steps) };
}
