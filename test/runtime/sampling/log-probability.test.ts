import { describe, expect, it } from "vitest";
import { logProbabilityOf } from "../../../runtime/sampling/log-probability.ts";
import { logSumExp } from "../../../runtime/sampling/log-sum-exp.ts";
import type { Selection } from "../../../runtime/sampling/selection.ts";
import { CUTS, ROWS } from "./direct-draw.ts";
import { answersOf, drawFrom, neutral, randomLogits } from "./shards.ts";

/** A selection that draws nothing and asks about `named` and the `best` best. */
const asking = (named: number, best: number): Selection => ({
  kind: "best",
  count: 0,
  inverseTemperature: 1,
  mass: false,
  raw: { best, named: Uint32Array.of(named) },
});

describe("the log-probability of an id asked for by name", () => {
  const logits = randomLogits(ROWS, 5, 2);
  const order = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b);

  it.each([0, 1023, 1024, 5000, ROWS - 1])("is the same bits for every cut and right to 1e-6 (%d)", (id) => {
    const expected = logProbabilityOf(answersOf(logits, CUTS[0]!, asking(id, 20)), id, 20);
    expect(expected.logprob).toBeCloseTo(logits[id]! - logSumExp(logits), 6);
    expect(expected.top.map((token) => token.id)).toEqual(order.slice(0, 20));
    for (const cut of CUTS) expect(logProbabilityOf(answersOf(logits, cut, asking(id, 20)), id, 20)).toEqual(expected);
  });

  it("is that of the best to the bit when it is as good as the best", () => {
    const tied = logits.slice();
    tied[6000] = tied[order[0]!]!;
    for (const cut of CUTS) {
      const { logprob, top } = logProbabilityOf(answersOf(tied, cut, asking(6000, 1)), 6000, 1);
      expect(logprob).toBe(top[0]!.logprob);
      expect(top[0]!.id).toBe(Math.min(6000, order[0]!));
    }
  });
});

describe("the log-probability of a drawn token", () => {
  it.each([{}, { temperature: 0 }, { topP: 0.99 }, { topK: 3 }])("comes with the draw (%o)", (change) => {
    const logits = randomLogits(ROWS, 3, 6);
    for (const cut of CUTS) {
      const raw = { best: 2, named: new Uint32Array(0) };
      const { id, answers } = drawFrom(logits, cut, { ...neutral, ...change }, 9, { raw });
      expect(logProbabilityOf(answers, id, 2).logprob).toBeCloseTo(logits[id]! - logSumExp(logits), 6);
    }
  });

  it("is untouched by edits", () => {
    const logits = randomLogits(ROWS, 3, 6);
    const edits = {
      repetitionPenalty: 1.4,
      repeated: Uint32Array.from(logits.keys()),
      shifted: new Uint32Array(0),
      shifts: new Float32Array(0),
      banned: Uint32Array.from({ length: 1000 }, (_, index) => index),
      allowed: null,
    };
    const options = { raw: { best: 5, named: new Uint32Array(0) } };
    const free = drawFrom(logits, [0, 3072], neutral, 9, options);
    const { id, answers } = drawFrom(logits, [0, 3072], neutral, 9, { ...options, edits });
    const bent = logProbabilityOf(answers, id, 5);
    expect(bent.top).toEqual(logProbabilityOf(free.answers, free.id, 5).top);
    expect(bent.logprob).toBeCloseTo(logits[id]! - logSumExp(logits), 6);
  });
});

it("is at least −9999, which JSON can hold", () => {
  const logits = Float32Array.of(0, -20_000, Number.NEGATIVE_INFINITY);
  const { logprob, top } = logProbabilityOf(answersOf(logits, [0], asking(1, 3)), 1, 3);
  expect(logprob).toBe(-9999);
  expect(top).toEqual([
    { id: 0, logprob: 0 },
    { id: 1, logprob: -9999 },
    { id: 2, logprob: -9999 },
  ]);
});
