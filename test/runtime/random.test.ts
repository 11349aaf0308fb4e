import { describe, expect, it } from "vitest";
import { CounterNoise, choiceSeed } from "../../runtime/random.ts";

const COUNT = 50_000;
const BINS = 100;

/** Chi-square of the values over equal bins; 99 degrees of freedom, 99.99 % quantile 161.3. */
function unevenness(values: readonly number[]): number {
  const counts = new Array<number>(BINS).fill(0);
  for (const value of values) counts[Math.floor(value * BINS)]! += 1;
  const expected = values.length / BINS;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

function correlation(a: readonly number[], b: readonly number[]): number {
  return (12 / a.length) * a.reduce((sum, value, index) => sum + (value - 0.5) * (b[index]! - 0.5), 0);
}

const overIds = (seed: bigint, position: number) => {
  const noise = new CounterNoise(seed, position);
  return Array.from({ length: COUNT }, (_, id) => noise.uniform(id));
};
const overPositions = (seed: bigint, id: number) =>
  Array.from({ length: COUNT }, (_, position) => new CounterNoise(seed, position).uniform(id));
const overSeeds = (shift: bigint) =>
  Array.from({ length: COUNT }, (_, seed) => new CounterNoise(BigInt(seed) << shift, 5).uniform(5));

describe("CounterNoise", () => {
  it.each([
    ["ids", overIds(0n, 0)],
    ["positions", overPositions(0n, 0)],
    ["low seed words", overSeeds(0n)],
    ["high seed words", overSeeds(32n)],
  ])("is uniform over %s, in its first and its next digits", (_, values) => {
    expect(unevenness(values)).toBeLessThan(161.3);
    for (const scale of [2 ** 10, 2 ** 20, 2 ** 30])
      expect(unevenness(values.map((value) => (value * scale) % 1))).toBeLessThan(161.3);
    expect(values.every((value) => value > 0 && value < 1)).toBe(true);
  });

  it("does not correlate neighbours in id, position or seed", () => {
    // Five standard deviations.
    const limit = 5 / Math.sqrt(COUNT);
    const base = overIds(1n, 10);
    expect(Math.abs(correlation(base, base.slice(1).concat(0.5)))).toBeLessThan(limit);
    expect(Math.abs(correlation(base, overIds(1n, 11)))).toBeLessThan(limit);
    expect(Math.abs(correlation(base, overIds(2n, 10)))).toBeLessThan(limit);
    expect(Math.abs(correlation(base, overIds(1n << 32n, 10)))).toBeLessThan(limit);
    // A position and an id one apart in opposite directions.
    expect(Math.abs(correlation(base.slice(1), overIds(1n, 11).slice(0, -1)))).toBeLessThan(limit);
  });

  it("restExponent bounds how near a number is to 1, and mostly tells no more than needed", () => {
    const noise = new CounterNoise(3n, 9);
    let least = 0;
    for (let id = 0; id < COUNT; id++) {
      const rest = 1 - noise.uniform(id);
      const bound = 2 ** -noise.restExponent(id);
      expect(rest).toBeGreaterThanOrEqual(bound);
      if (rest < 2 * bound) least++;
    }
    expect(least / COUNT).toBeGreaterThan(0.999);
  });

  it("restExponent knows nothing of a number whose first digits are all ones", () => {
    const noise = new CounterNoise(0n, 0);
    const id = 67_080_068;
    expect(1 - noise.uniform(id)).toBeLessThan(2 ** -26);
    expect(noise.restExponent(id)).toBe(54);
  });

  it("never changes: a generation with a seed can be repeated by any later version", () => {
    expect(new CounterNoise(0n, 0).uniform(0)).toMatchInlineSnapshot(`0.035535834935151`);
    expect(new CounterNoise(0x0123_4567_89ab_cdefn, 8191).uniform(255_999)).toMatchInlineSnapshot(`0.6509264109813299`);
  });
});

describe("choiceSeed", () => {
  it("keeps the request's seed for the first choice and gives every other one of its own, within 64 bits", () => {
    for (const seed of [0n, 1n, 2n ** 63n, 2n ** 64n - 1n]) {
      const seeds = Array.from({ length: 32 }, (_, choice) => choiceSeed(seed, choice));
      expect(seeds[0]).toBe(seed);
      expect(new Set(seeds).size).toBe(32);
      for (const other of seeds) expect(BigInt.asUintN(64, other)).toBe(other);
    }
  });

  it("gives SplitMix64's numbers", () => {
    // Vigna's splitmix64.c with state 1234567.
    expect([1, 2, 3].map((choice) => choiceSeed(1234567n, choice))).toEqual([
      6457827717110365317n,
      3203168211198807973n,
      9817491932198370423n,
    ]);
  });
});
