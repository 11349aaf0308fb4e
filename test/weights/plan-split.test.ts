import { expect, test } from "vitest";
import type { Architecture } from "../../weights/manifest.ts";
import { type PlanOptions, planModel } from "../../weights/plan.ts";
import { GEMMA_2B, GEMMA_7B, GEMMA2_9B, GEMMA2_27B, GEMMA3_12B, manifestOf } from "./manifest-of.ts";

const options: PlanOptions = { budgetBytes: 100e6, contextTokens: 8192, sessions: 1, chunkRows: 32 };

test.each([
  ["Gemma 2B", GEMMA_2B, 8, 1, 18],
  ["Gemma 2B", GEMMA_2B, 16, 1, 18],
  ["Gemma 7B", GEMMA_7B, 8, 3, 28],
  ["Gemma 7B", GEMMA_7B, 16, 4, 28],
  ["Gemma 2 9B", GEMMA2_9B, 8, 2, 42],
  ["Gemma 3 12B", GEMMA3_12B, 8, 2, 48],
  ["Gemma 2 27B", GEMMA2_27B, 8, 5, 46],
] as const)("%s at 8,192 tokens of %# under 100 MB", (_, architecture, kvBits, layerParts, stages) => {
  const plan = planModel(manifestOf(architecture), { ...options, kvBits });
  expect(plan).toMatchObject({ layerParts, problems: [] });
  expect(plan.stages.length).toBe(stages);
  for (const { parts } of plan.stages) {
    expect(parts.length).toBe(layerParts);
    for (const { total } of parts) expect(total).toBeLessThanOrEqual(100e6);
  }
  expect(plan.isolates).toBe(layerParts * stages + plan.vocabularyShards.length);
});

test("the parts of a layer hold its weights and keys once, and where heads are shared the keys again", () => {
  const bytes = (architecture: Architecture, layerParts: number) => {
    const { parts } = planModel(manifestOf(architecture), { ...options, layerParts, stages: 1 }).stages[0]!;
    return { weights: parts.reduce((sum, part) => sum + part.weights, 0), kv: parts.map(({ kv }) => kv) };
  };
  const [wide] = bytes(GEMMA_7B, 1).kv as [number];
  expect(bytes(GEMMA_7B, 4).kv).toEqual(new Array(4).fill(wide / 4));
  expect(bytes(GEMMA_7B, 3).kv).toEqual([6, 5, 5].map((heads) => (wide / 16) * heads));
  const [shared] = bytes(GEMMA_2B, 1).kv as [number];
  expect(bytes(GEMMA_2B, 4).kv).toEqual(new Array(4).fill(shared));
  // The scale of every output of o_proj and down_proj is there in each part.
  expect(bytes(GEMMA_7B, 4).weights / bytes(GEMMA_7B, 1).weights).toBeCloseTo(1, 2);
});

test("a token waits for both sums of every split layer", () => {
  const hops = (layerParts: number) => planModel(manifestOf(GEMMA_7B), { ...options, layerParts }).hopsPerToken;
  expect(hops(1)).toBe(4 + 28);
  expect(hops(3)).toBe(4 + 28 + 28 * 4);
});

test("a width that is too small: which part, how much, and what would help", () => {
  const { problems } = planModel(manifestOf(GEMMA_7B), { ...options, layerParts: 1 });
  expect(problems).toEqual([
    expect.stringMatching(
      /^stage 27 \(layer 27\) needs 2\d\d\.\d MB, the budget is 100\.0 MB \(28 of 28 are over it\): the weights of one layer alone take 156\.\d MB: split its layers more$/,
    ),
  ]);
});

test("a budget that no width meets", () => {
  const { problems } = planModel(manifestOf(GEMMA_7B), { ...options, budgetBytes: 18e6 });
  expect(problems[0]).toMatch(
    /^stage \d+ \(layer \d+, split into 16 parts\) needs .*: no wider split of its layers fits$/,
  );
});
