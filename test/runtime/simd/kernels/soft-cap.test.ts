import { expect, test } from "vitest";
import { onEach, onEachAlike } from "./implementations.ts";
import { randomFloats } from "./random-data.ts";

const CAP = 30;
/** Three units in the last place of tanh, and the roundings of the quotient and the product. */
const RELATIVE_BUDGET = 5e-7;

test.each([0, 1, 3, 4, 6, 415, 1024])("%d values are within the budget of float64", (count) => {
  const x = randomFloats(count, count, 4 * CAP);
  const y = onEachAlike((arena) => {
    const out = arena.take(count * 4);
    arena.kernels.softCap(arena.floats(x), count, CAP, out);
    return arena.readFloats(out, count);
  });
  y.forEach((value, i) => {
    const exact = CAP * Math.tanh(x[i]! / CAP);
    expect(Math.abs(value - exact)).toBeLessThanOrEqual(RELATIVE_BUDGET * Math.abs(exact));
  });
});

test("in place, and nothing beyond the last value is touched", () => {
  const x = randomFloats(8, 1, 100);
  const results = onEach((arena) => {
    const at = arena.floats(x);
    arena.kernels.softCap(at, 5, CAP, at);
    return [...arena.readFloats(at, 8)];
  });
  for (const result of Object.values(results)) {
    expect(result).toEqual(results.reference);
    expect(result.slice(5)).toEqual([...x.subarray(5)]);
    expect(result.slice(0, 5)).not.toEqual([...x.subarray(0, 5)]);
  }
});

test("the largest logits stay finite and NaN stays NaN, where selection looks for it", () => {
  const x = Float32Array.of(3e38, -3e38, Number.POSITIVE_INFINITY, Number.NaN, 0);
  const y = onEachAlike((arena) => {
    const at = arena.floats(x);
    arena.kernels.softCap(at, x.length, CAP, at);
    return arena.readFloats(at, x.length);
  });
  expect([...y]).toEqual([CAP, -CAP, CAP, Number.NaN, 0]);
});
