import { expect, test } from "vitest";
import { logSumExp } from "../../../runtime/sampling/log-sum-exp.ts";

test.each([
  [[0, 0], Math.log(2)],
  [[1000, 1000, -1000], 1000 + Math.log(2)],
  [[-3.5], -3.5],
  [[-4e4, Number.NEGATIVE_INFINITY], -4e4],
])("ln Σ e^x of %j", (logits, expected) => {
  expect(logSumExp(Float32Array.from(logits))).toBeCloseTo(expected, 12);
});

test("what cannot be drawn at all has no mass", () => {
  expect(logSumExp(new Float32Array(3).fill(Number.NEGATIVE_INFINITY))).toBe(Number.NEGATIVE_INFINITY);
});
