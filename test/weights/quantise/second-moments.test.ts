import { expect, test } from "vitest";
import { compileQuantiseKernels } from "../../../weights/quantise/kernels/compile.mjs";
import { SecondMoments } from "../../../weights/quantise/second-moments.ts";
import { triangularFactor } from "../../../weights/quantise/triangular-factor.ts";
import { correlatedRows } from "./correlated-rows.ts";

const module = await compileQuantiseKernels();

test.each([
  [96, 96, 1],
  [96, 96, 63],
  [96, 64, 130],
])("%d columns in blocks of %d: sums of products over %d rows", (columns, blockColumns, count) => {
  const rows = correlatedRows(count, columns);
  const moments = new SecondMoments(module, columns, blockColumns);
  moments.add(rows);
  expect(moments.rows).toBe(count);
  for (const [index, { firstColumn, columns: n }] of moments.blocks.entries()) {
    const sums = moments.sums(index);
    for (let i = 0; i < n; i++)
      for (let j = 0; j <= i; j++) {
        let expected = 0;
        let size = 0;
        for (let row = 0; row < count; row++) {
          const product = rows[row * columns + firstColumn + i]! * rows[row * columns + firstColumn + j]!;
          expected += product;
          size += Math.abs(product);
        }
        expect(Math.abs(sums[i * n + j]! - expected)).toBeLessThanOrEqual(size * 1e-5);
      }
  }
});

test("the factor's rows multiply to the matrix", () => {
  const n = 45;
  const rows = correlatedRows(80, n);
  const h = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      for (let row = 0; row < 80; row++) h[i * n + j]! += rows[row * n + i]! * rows[row * n + j]!;
  const r = triangularFactor(h, n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += r[i * n + k]! * r[j * n + k]!;
      expect(sum).toBeCloseTo(h[i * n + j]!, 6);
      if (j < i) expect(r[i * n + j]).toBe(0);
    }
});

test("moments without an inverse are refused", () => {
  expect(() => triangularFactor(Float64Array.of(1, 0, 1, 1), 2)).toThrow(/not positive definite at column 0 of 2/);
  expect(() => triangularFactor(Float64Array.of(1, 0, 0, Number.NaN), 2)).toThrow(/not positive definite/);
});
