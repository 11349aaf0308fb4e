import { expect, test } from "vitest";
import { median } from "../peers/interleave.ts";
import { profileOf } from "./profile-table.ts";

const trace = (...times: readonly number[]) =>
  times.map((ms, index) => ({ kernel: index % 2 === 0 ? "matmul" : "norm", ms, beforeMs: 0.5 }));

test("a call counts with what is typical of its repetitions, a token with its share of the calls", () => {
  const { ms, executor, kernels } = profileOf([trace(3, 1, 3, 1), trace(90, 1, 3, 1), trace(3, 1, 3, 80)], 2, median);
  expect(kernels).toEqual([
    { kernel: "matmul", calls: 1, ms: 3, share: 0.6 },
    { kernel: "norm", calls: 1, ms: 1, share: 0.2 },
  ]);
  expect(executor).toEqual({ ms: 1, share: 0.2 });
  expect(ms).toBe(5);
});

test("traces of different calls are refused", () => {
  expect(() => profileOf([trace(1, 1), trace(1, 1, 1)], 1, median)).toThrow("different calls");
});
