import { describe, expect, it } from "vitest";
import { InferenceError } from "../../../runtime/errors.ts";
import { bestIndices } from "../../../runtime/sampling/best.ts";
import { gumbel, gumbelCeiling } from "../../../runtime/sampling/gumbel.ts";
import { selectFromLogits } from "../../../runtime/sampling/select.ts";
import { randomLogits } from "./shards.ts";

const best = (count: number, mass = false) => ({ kind: "best", count, inverseTemperature: 0.5, mass }) as const;

describe("selectFromLogits", () => {
  it("sends the best with their raw logits under global ids", () => {
    const { ids, logits, complete, tiles } = selectFromLogits(Float32Array.of(1, 5, 5, -2), 2048, best(3));
    expect([...ids]).toEqual([2049, 2050, 2048]);
    expect([...logits]).toEqual([5, 5, 1]);
    expect(complete).toBe(false);
    expect(tiles).toHaveLength(0);
  });

  it("says when a shard has sent all its rows", () => {
    expect(selectFromLogits(Float32Array.of(1, 2), 0, best(2)).complete).toBe(true);
    expect(selectFromLogits(Float32Array.of(1, 2), 0, best(3)).ids).toHaveLength(2);
  });

  it("sums each tile of 1,024 rows, the last one shorter", () => {
    const logits = randomLogits(2 * 1024 + 100, 3, 2);
    const { tiles } = selectFromLogits(logits, 1024, best(1, true));
    expect(tiles).toHaveLength(6);
    for (const tile of [0, 1, 2]) {
      const rows = [...logits.subarray(tile * 1024, (tile + 1) * 1024)];
      const max = Math.max(...rows);
      expect(tiles[2 * tile]).toBe(max);
      const sum = rows.reduce((total, logit) => total + Math.exp((logit - max) * 0.5), 0);
      expect(tiles[2 * tile + 1]! / sum).toBeCloseTo(1, 6);
    }
  });

  it("refuses NaN, Infinity and a first row inside a tile", () => {
    expect(() => selectFromLogits(Float32Array.of(0, Number.NaN), 0, best(1))).toThrow("token 1 is NaN");
    expect(() => selectFromLogits(Float32Array.of(Number.POSITIVE_INFINITY), 0, best(1))).toThrow(InferenceError);
    expect(() => selectFromLogits(Float32Array.of(0), 7, best(1))).toThrow("row 7");
  });
});

it("bestIndices equals a full sort for every count, on random, rising, falling and tied logits", () => {
  const random = randomLogits(700, 4, 1);
  for (const logits of [
    random,
    random.toSorted(),
    random.toSorted().reverse(),
    random.map(Math.round),
    new Float32Array(700),
  ])
    for (const count of [0, 1, 2, 3, 63, 64, 65, 699, 700, 5000]) {
      const sorted = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b);
      expect([...bestIndices(logits, count)]).toEqual(sorted.slice(0, count));
    }
});

it("gumbelCeiling is never below the noise, and not far above it", () => {
  for (let exponent = 1; exponent <= 53; exponent++) {
    const noise = gumbel(1 - 2 ** -exponent);
    expect(gumbelCeiling(exponent)).toBeGreaterThanOrEqual(noise);
    expect(gumbelCeiling(exponent) - noise).toBeLessThan(0.4);
  }
});
