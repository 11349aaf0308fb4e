import { describe, expect, it } from "vitest";
import type { SamplingParameters } from "../../../runtime/sampling/selection.ts";
import { drawFrom, neutral } from "./shards.ts";

const LOGITS = Float32Array.of(1.2, -0.4, 0.3, 2.1, 0.3, -3, 1.9, 0);
const DRAWS = 20_000;

/** Σ (observed − expected)² / expected over the tokens that can be drawn; the others must not occur. */
function chiSquare(parameters: SamplingParameters, probabilities: readonly number[]): number {
  const counts = new Array<number>(LOGITS.length).fill(0);
  for (let position = 0; position < DRAWS; position++) counts[drawFrom(LOGITS, [0], parameters, position).id]! += 1;
  return probabilities.reduce((sum, probability, id) => {
    if (probability > 0) return sum + (counts[id]! - probability * DRAWS) ** 2 / (probability * DRAWS);
    expect(counts[id], `token ${id}`).toBe(0);
    return sum;
  }, 0);
}

function softmax(temperature: number, kept: readonly number[]): number[] {
  const weights = [...LOGITS].map((logit, id) => (kept.includes(id) ? Math.exp(logit / temperature) : 0));
  const total = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / total);
}

const all = [...LOGITS.keys()];

// Seeds are fixed: each case passes or fails for good. 99.9 % quantiles of chi-square with 7, 3, 2 and 4 degrees of freedom.
describe.each([
  ["unrestricted", {}, softmax(1, all), 24.32],
  ["temperature 0.5", { temperature: 0.5 }, softmax(0.5, all), 24.32],
  ["temperature 2", { temperature: 2 }, softmax(2, all), 24.32],
  ["top-k 4", { topK: 4 }, softmax(1, [3, 6, 0, 2]), 16.27],
  ["top-p 0.7", { topP: 0.7 }, softmax(1, [3, 6, 0]), 13.82],
  ["min-p 0.15", { minP: 0.15 }, softmax(1, [3, 6, 0, 2, 4]), 18.47],
] as const)("%s", (_, change, probabilities, limit) => {
  it.each([1n, 2n, 0xffff_ffff_ffff_ffffn])("draws as often as it should with seed %d", (seed) => {
    expect(chiSquare({ ...neutral, ...change, seed }, probabilities)).toBeLessThan(limit);
  });
});
