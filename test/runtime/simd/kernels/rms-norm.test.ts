import { expect, test } from "vitest";
import { onEachAlike, requireSameBits } from "./implementations.ts";
import { randomFloats } from "./random-data.ts";

const EPSILON = 1e-6;
const RELATIVE_BUDGET = 1e-6;

test.each([16, 64, 96, 640, 2048])("rows of %i columns are normed within the budget of float64", (columns) => {
  const rows = 5;
  const x = randomFloats(rows * columns, columns, 40);
  const weight = randomFloats(columns, 2).map((value) => 1 + value);
  const norm = (some: Float32Array) =>
    onEachAlike((arena) => {
      const at = arena.floats(some);
      arena.kernels.rmsNorm(at, some.length / columns, columns, arena.floats(weight), EPSILON, at);
      return arena.readFloats(at, some.length);
    });
  const y = norm(x);
  y.forEach((value, i) => {
    const row = x.subarray(i - (i % columns)).subarray(0, columns);
    const mean = row.reduce((sum, each) => sum + each * each, 0) / columns;
    const exact = (x[i]! / Math.sqrt(mean + EPSILON)) * weight[i % columns]!;
    expect(Math.abs(value - exact)).toBeLessThanOrEqual(RELATIVE_BUDGET * Math.abs(exact));
  });
  requireSameBits(norm(x.subarray(3 * columns, 4 * columns)), y.subarray(3 * columns, 4 * columns), "a row alone");
});

test("a row of zeros stays zero and a row with NaN is NaN alone", () => {
  const x = new Float32Array(96);
  x.fill(1, 32);
  x[70] = Number.NaN;
  const y = onEachAlike((arena) => {
    const out = arena.take(96 * 4);
    arena.kernels.rmsNorm(arena.floats(x), 3, 32, arena.floats(new Float32Array(32).fill(1)), EPSILON, out);
    return arena.readFloats(out, 96);
  });
  expect([...y.subarray(0, 32)]).toEqual(new Array(32).fill(0));
  for (const value of y.subarray(32, 64)) expect(value).toBeCloseTo(1, 5);
  for (const value of y.subarray(64)) expect(value).toBeNaN();
});
