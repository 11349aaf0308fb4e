import { expect, test } from "vitest";
import { percentile } from "./percentile.ts";

test("a percentile is the value that so large a share does not exceed", () => {
  const values = [40, 10, 30, 20];
  expect([0, 0.25, 0.5, 0.51, 0.99, 1].map((share) => percentile(values, share))).toEqual([10, 10, 20, 30, 40, 40]);
  expect(values).toEqual([40, 10, 30, 20]);
  expect(percentile([7], 0.95)).toBe(7);
  expect(percentile([], 0.5)).toBeNaN();
});
