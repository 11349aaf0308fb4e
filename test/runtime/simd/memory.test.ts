import { expect, test } from "vitest";
import { MemoryPlan } from "../../../runtime/simd/memory.ts";

test("places do not overlap, begin on cache lines and are counted by purpose", () => {
  const plan = new MemoryPlan();
  const [a, b, c] = [plan.reserve("weights", 100), plan.reserve("weights", 64), plan.reserve("kv", 1)];
  expect([a, b, c].map((offset) => offset % 64)).toEqual([0, 0, 0]);
  expect(a).toBeGreaterThan(0);
  expect(b).toBeGreaterThanOrEqual(a + 100);
  expect(c).toBeGreaterThanOrEqual(b + 64);
  expect(plan.bytesByPurpose).toEqual({ weights: 164, tables: 0, kv: 1, scratch: 0 });
});

test("the memory has the planned size and cannot grow", () => {
  const plan = new MemoryPlan();
  plan.reserve("weights", 3 * 65_536);
  const memory = plan.create();
  expect(memory.buffer.byteLength).toBe(4 * 65_536);
  expect(() => memory.grow(1)).toThrow(RangeError);
});

test("staging lies where KV and scratch will be, and only adds what they do not cover", () => {
  const plan = new MemoryPlan();
  const weights = plan.reserve("weights", 1000);
  const staging = plan.beginStaging(200_000);
  expect(staging).toBeGreaterThanOrEqual(weights + 1000);
  expect(plan.reserve("kv", 100_000)).toBe(staging);
  expect(plan.create().buffer.byteLength).toBe(4 * 65_536);
});

test("a plan beyond a WASM memory says what is so large", () => {
  const plan = new MemoryPlan();
  plan.reserve("kv", 5 * 2 ** 30);
  expect(() => plan.create()).toThrow(
    expect.objectContaining({ code: "out_of_capacity", message: expect.stringContaining("kv 5368709120") }),
  );
});
