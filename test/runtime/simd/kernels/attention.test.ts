import { describe, expect, test } from "vitest";
import { type AttentionShape, exactAttention, randomAttention, runAttention } from "./attention-case.ts";
import { createArena, onEachAlike, requireSameBits } from "./implementations.ts";

const SHAPES: readonly (AttentionShape & { name: string })[] = [
  { name: "one head", tokens: 70, heads: 1, kvHeads: 1, headDim: 32, softCap: 0, window: 0, kvBits: 16 },
  { name: "multi-query", tokens: 70, heads: 8, kvHeads: 1, headDim: 64, softCap: 0, window: 0, kvBits: 16 },
  { name: "a head each", tokens: 40, heads: 4, kvHeads: 4, headDim: 48, softCap: 0, window: 0, kvBits: 16 },
  { name: "grouped, soft cap", tokens: 66, heads: 4, kvHeads: 2, headDim: 32, softCap: 5, window: 0, kvBits: 16 },
  { name: "three heads a group", tokens: 40, heads: 6, kvHeads: 2, headDim: 32, softCap: 0, window: 0, kvBits: 16 },
  { name: "window of one", tokens: 40, heads: 2, kvHeads: 1, headDim: 32, softCap: 0, window: 1, kvBits: 16 },
  { name: "window of 32", tokens: 100, heads: 2, kvHeads: 1, headDim: 32, softCap: 0, window: 32, kvBits: 16 },
  {
    name: "window of 37, soft cap",
    tokens: 150,
    heads: 2,
    kvHeads: 2,
    headDim: 32,
    softCap: 3,
    window: 37,
    kvBits: 16,
  },
  { name: "head of 256", tokens: 34, heads: 2, kvHeads: 1, headDim: 256, softCap: 0, window: 0, kvBits: 16 },
  { name: "float32, grouped", tokens: 66, heads: 4, kvHeads: 2, headDim: 32, softCap: 0, window: 40, kvBits: 32 },
  { name: "int8, multi-query", tokens: 70, heads: 8, kvHeads: 1, headDim: 64, softCap: 0, window: 0, kvBits: 8 },
  { name: "int8, a head each", tokens: 40, heads: 4, kvHeads: 4, headDim: 48, softCap: 0, window: 0, kvBits: 8 },
  {
    name: "int8, three heads a group",
    tokens: 66,
    heads: 6,
    kvHeads: 2,
    headDim: 32,
    softCap: 5,
    window: 0,
    kvBits: 8,
  },
  { name: "int8, window of 37", tokens: 150, heads: 2, kvHeads: 2, headDim: 32, softCap: 3, window: 37, kvBits: 8 },
  { name: "int8, window of one", tokens: 40, heads: 2, kvHeads: 1, headDim: 32, softCap: 0, window: 1, kvBits: 8 },
  { name: "int8, head of 256", tokens: 34, heads: 2, kvHeads: 1, headDim: 256, softCap: 0, window: 0, kvBits: 8 },
];

/**
 * Of the largest value. Float pages: float32 scores of up to about 30 and their exponentials. 8 bits: queries and weights
 * of 14 bits beside those.
 */
const ERROR_BUDGET = { 8: 5e-4, 16: 2e-5, 32: 2e-5 };

describe.each(SHAPES)("attention, $name", (shape) => {
  const attention = randomAttention(shape);
  const whole = onEachAlike((arena) => runAttention(arena, attention, shape.tokens));

  test("is within its budget of float64", () => {
    const exact = exactAttention(attention);
    const largest = attention.v.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    whole.forEach((value, i) => {
      expect(Math.abs(value - exact[i]!)).toBeLessThanOrEqual(ERROR_BUDGET[shape.kvBits] * largest);
    });
  });

  test.each([1, 5, 32, 33])("chunks of %i give the same bits", (chunk) => {
    for (const name of ["relaxed", "simd128"]) {
      requireSameBits(runAttention(createArena(name), attention, chunk), whole, name);
    }
  });

  test("pages in another order give the same bits", () => {
    for (const name of ["relaxed", "simd128"]) {
      requireSameBits(runAttention(createArena(name), attention, shape.tokens, true), whole, name);
    }
  });
});

/** RMS error over the result's, against keys and values that are not rounded: int8 steps of the largest of 256 numbers. */
test.each([
  [8, 0.012],
  [16, 0.0004],
] as const)("keys and values of %i bits cost attention %f", (kvBits, budget) => {
  const attention = randomAttention({ ...SHAPES[1]!, headDim: 256, kvBits });
  const found = createArena("relaxed");
  const exact = exactAttention(attention, 32);
  const squares = (values: Iterable<number>) => [...values].reduce((sum, value) => sum + value * value, 0);
  const errors = runAttention(found, attention, attention.tokens).map((value, i) => value - exact[i]!);
  expect(Math.sqrt(squares(errors) / squares(exact))).toBeLessThan(budget);
});

test.each([16, 8] as const)("a query with NaN gives NaN in its own row and head only, %i-bit pages", (kvBits) => {
  const attention = randomAttention({ ...SHAPES[1]!, kvBits });
  const { heads, headDim } = attention;
  const clean = onEachAlike((arena) => runAttention(arena, attention, 70));
  const bad = (9 * heads + 3) * headDim;
  attention.q[bad + 5] = Number.NaN;
  const y = onEachAlike((arena) => runAttention(arena, attention, 70));
  y.forEach((value, i) => {
    expect(value).toBe(i >= bad && i < bad + headDim ? Number.NaN : clean[i]);
  });
});
