import { describe, expect, test } from "vitest";
import { onEach, onEachAlike } from "./implementations.ts";
import { randomFloats } from "./random-data.ts";

const COUNTS = [1, 2, 3, 4, 5, 7, 8, 63, 1024, 4099];

/** Logits with many equal values, so that ties matter. */
function tiedLogits(count: number, seed: number): Float32Array {
  return randomFloats(count, seed, 40).map((value) => Math.round(value * 4) / 4);
}

describe.each(COUNTS)("among %i values", (count) => {
  test("argmax is the first of the largest", () => {
    const x = tiedLogits(count, count);
    const found = onEach((arena) => arena.kernels.argmax(arena.floats(x), count));
    const expected = x.indexOf(Math.max(...x));
    expect(found).toEqual({ reference: expected, relaxed: expected, simd128: expected });
  });

  test.each([1, 2, 40, 1000, 5000])("the top %i are the best, equals by index", (k) => {
    const x = tiedLogits(count, count + k);
    const kept = Math.min(k, count);
    const ranked = [...x.keys()].sort((a, b) => x[b]! - x[a]! || a - b).slice(0, kept);
    const found = onEach((arena) => {
      const indices = arena.take(k * 4);
      const values = arena.take(k * 4);
      expect(arena.kernels.topK(arena.floats(x), count, k, indices, values)).toBe(kept);
      return { indices: [...arena.readWords(indices, kept)], values: [...arena.readFloats(values, kept)] };
    });
    for (const { indices, values } of Object.values(found)) {
      expect(indices).toEqual(ranked);
      expect(values).toEqual(ranked.map((index) => x[index]));
    }
  });
});

test("NaN counts as the smallest", () => {
  const x = Float32Array.of(Number.NaN, -5, Number.NaN, 3, Number.NEGATIVE_INFINITY, 3, Number.NaN);
  const found = onEach((arena) => {
    const at = arena.floats(x);
    const indices = arena.take(32);
    arena.kernels.topK(at, x.length, 7, indices, arena.take(32));
    return [arena.kernels.argmax(at, x.length), ...arena.readWords(indices, 7)];
  });
  for (const order of Object.values(found)) expect(order).toEqual([3, 3, 5, 1, 0, 2, 4, 6]);
});

/** Of the sum: 2 ulp of each exponential, and the additions. */
const SUM_BUDGET = 3e-6;

describe.each([1, 3, 1024, 1025, 2600])("tile sums of %i values", (count) => {
  test.each([1, 0.5, 2.5])("at inverse temperature %f are within their budget of float64", (inverseTemperature) => {
    const x = randomFloats(count, count, 25);
    const tiles = Math.ceil(count / 1024);
    const pairs = onEachAlike((arena) => {
      const out = arena.take(tiles * 8);
      arena.kernels.tileSums(arena.floats(x), count, inverseTemperature, out);
      return arena.readFloats(out, tiles * 2);
    });
    for (let tile = 0; tile < tiles; tile++) {
      const values = x.subarray(tile * 1024, (tile + 1) * 1024);
      const max = Math.max(...values);
      const sum = values.reduce((total, value) => total + Math.exp((value - max) * inverseTemperature), 0);
      expect(pairs[tile * 2]).toBe(max);
      expect(Math.abs(pairs[tile * 2 + 1]! - sum)).toBeLessThanOrEqual(SUM_BUDGET * sum);
    }
  });
});

test("a tile of −∞ sums to 0, and −∞ among others adds nothing", () => {
  const x = new Float32Array(1028).fill(Number.NEGATIVE_INFINITY);
  x[1025] = 2;
  const pairs = onEachAlike((arena) => {
    const out = arena.take(16);
    arena.kernels.tileSums(arena.floats(x), x.length, 1, out);
    return arena.readFloats(out, 4);
  });
  expect([...pairs]).toEqual([Number.NEGATIVE_INFINITY, 0, 2, 1]);
});
