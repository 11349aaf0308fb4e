import { describe, expect, it } from "vitest";
import type { SamplingParameters } from "../../../runtime/sampling/selection.ts";
import { CUTS, drawDirectly, ROWS } from "./direct-draw.ts";
import { drawFrom, neutral, randomLogits, sequence } from "./shards.ts";

const settings: [name: string, parameters: Partial<SamplingParameters>][] = [
  ["greedy", { temperature: 0 }],
  ["unrestricted", {}],
  ["hot", { temperature: 1.7 }],
  ["cold", { temperature: 0.05 }],
  ["top-k", { topK: 40 }],
  ["top-k 1", { topK: 1, temperature: 2 }],
  ["top-k beyond the vocabulary", { topK: 10_000 }],
  ["top-p", { topP: 0.9, temperature: 0.7 }],
  ["top-p that needs most of the vocabulary", { topP: 0.995, temperature: 2 }],
  ["tiny top-p", { topP: 1e-9 }],
  ["min-p", { minP: 0.05 }],
  ["min-p that keeps hundreds", { minP: 1e-4, temperature: 1.5 }],
  ["min-p 1", { minP: 1 }],
  ["top-k and top-p", { topK: 64, topP: 0.95 }],
  ["few of top-k by top-p", { topK: 4, topP: 0.7, temperature: 3 }],
  ["top-k, top-p and min-p", { topK: 200, topP: 0.97, minP: 0.02, temperature: 1.2 }],
  ["top-p and min-p", { topP: 0.999, minP: 0.1 }],
];

describe.each(settings)("%s", (_, change) => {
  it("draws what one machine with all logits draws, however the vocabulary is cut", () => {
    const next = sequence(99);
    for (let round = 0; round < 6; round++) {
      const logits = randomLogits(ROWS, 1 + next() * 12, round + 1);
      const parameters = { ...neutral, ...change, seed: BigInt(Math.floor(next() * 2 ** 32)) << BigInt(round * 2) };
      const position = Math.floor(next() * 8192);
      const expected = drawDirectly(logits, parameters, position);
      for (const cut of CUTS)
        expect(drawFrom(logits, cut, parameters, position).id, `${cut.length} shards`).toBe(expected);
    }
  });

  it("treats equal logits by lower id, across shards too", () => {
    // Five values only, so that ties cross every boundary.
    const logits = randomLogits(ROWS, 1, 5).map((value) => Math.round(value * 2));
    for (let position = 0; position < 5; position++) {
      const parameters = { ...neutral, ...change };
      const expected = drawDirectly(logits, parameters, position);
      for (const cut of CUTS) expect(drawFrom(logits, cut, parameters, position).id).toBe(expected);
    }
  });

  it("is the same when one shard holds all the mass", () => {
    const logits = randomLogits(ROWS, 1, 8).map((value, id) => (id >= 4096 && id < 4496 ? value + 30 : value));
    for (let position = 0; position < 5; position++) {
      const parameters = { ...neutral, ...change };
      const expected = drawDirectly(logits, parameters, position);
      for (const cut of CUTS) expect(drawFrom(logits, cut, parameters, position).id).toBe(expected);
    }
  });
});

describe("the number of questions", () => {
  const logits = randomLogits(ROWS, 1, 3);

  it("is one where the first candidates suffice", () => {
    const peaked = randomLogits(ROWS, 12, 3);
    for (const change of [
      {},
      { temperature: 0 },
      { topK: 50 },
      { topK: 500, topP: 0.9 },
      { topP: 0.3, temperature: 0.3 },
    ])
      expect(drawFrom(peaked, [0, 2048], { ...neutral, ...change }, 0).rounds).toBe(1);
  });

  it("grows when top-p or min-p needs more than was sent", () => {
    expect(drawFrom(logits, [0, 2048], { ...neutral, topP: 0.5 }, 0).rounds).toBeGreaterThan(1);
    expect(drawFrom(logits, [0, 2048], { ...neutral, minP: 0.2 }, 0).rounds).toBeGreaterThan(1);
  });
});

it("keeps the token when a restriction does not exclude it", () => {
  const logits = randomLogits(ROWS, 10, 4);
  let kept = 0;
  for (let position = 0; position < 40; position++) {
    const free = drawFrom(logits, [0], neutral, position).id;
    const restricted = drawFrom(logits, [0], { ...neutral, topP: 0.98 }, position).id;
    if (free === restricted) kept += 1;
  }
  // The same noise: only draws from the last 2 % of the mass change.
  expect(kept).toBeGreaterThan(32);
});

it("never draws a token whose logit is −Infinity", () => {
  const logits = randomLogits(ROWS, 1, 6).map((value, id) =>
    id % 2 === 0 || id < 2048 ? Number.NEGATIVE_INFINITY : value,
  );
  for (const change of [{}, { topP: 0.99 }, { topK: 5000 }, { minP: 1e-9 }, { temperature: 0 }])
    for (let position = 0; position < 20; position++) {
      const { id } = drawFrom(logits, [0, 1024, 3072], { ...neutral, ...change }, position);
      expect(logits[id]).toBeGreaterThan(Number.NEGATIVE_INFINITY);
    }
});
