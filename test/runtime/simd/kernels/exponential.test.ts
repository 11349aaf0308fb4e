import { expect, test } from "vitest";
import { exponential, hyperbolicTangent } from "../../../../runtime/simd/reference/exponential.ts";

const bits = new Int32Array(1);
const float = new Float32Array(bits.buffer);

/** How many float32 lie between the value and the exact result. */
function ulps(value: number, exact: number): number {
  float[0] = Math.abs(exact);
  const lower = float[0]!;
  bits[0]! += 1;
  return Math.abs(value - exact) / (float[0]! - lower);
}

test("the exponential is within 2 ulp of float64 over its whole range", () => {
  let worst = 0;
  for (let x = -87.3; x < 88.37; x += 0.00173) {
    worst = Math.max(worst, ulps(exponential(Math.fround(x)), Math.exp(Math.fround(x))));
  }
  expect(worst).toBeLessThanOrEqual(2);
});

test("the exponential's ends", () => {
  expect(exponential(0)).toBe(1);
  expect(exponential(-87.4)).toBe(0);
  expect(exponential(Number.NEGATIVE_INFINITY)).toBe(0);
  expect(exponential(1000)).toBe(exponential(Math.fround(88.37626)));
  expect(exponential(Number.NaN)).toBeNaN();
});

test("tanh is within 3 ulp of float64", () => {
  let worst = 0;
  for (let x = -12; x < 12; x += 0.00031) {
    worst = Math.max(worst, ulps(hyperbolicTangent(Math.fround(x)), Math.tanh(Math.fround(x))));
  }
  expect(worst).toBeLessThanOrEqual(3);
  expect([hyperbolicTangent(9.1), hyperbolicTangent(-50), hyperbolicTangent(0)]).toEqual([1, -1, 0]);
  expect(hyperbolicTangent(Number.NaN)).toBeNaN();
});
