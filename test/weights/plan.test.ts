import { expect, test } from "vitest";
import { type PlanOptions, planModel, splitLayers, splitTable } from "../../weights/plan.ts";
import { GEMMA_2B, GEMMA2_2B, GEMMA3_1B, GEMMA3_4B, GEMMA3_270M, manifestOf } from "./manifest-of.ts";

const options: PlanOptions = { budgetBytes: 100e6, contextTokens: 8192, sessions: 1, chunkRows: 32, logitRows: 8 };

test("Gemma 2B at 8,192 tokens under 100 MB: one layer of 62 MB a stage", () => {
  const { stages, vocabularyShards, problems } = planModel(manifestOf(GEMMA_2B), options);
  expect(problems).toEqual([]);
  expect(stages.map(({ firstLayer, layerCount }) => [firstLayer, layerCount])).toEqual(
    Array.from({ length: 18 }, (_, layer) => [layer, 1]),
  );
  expect(stages[0]!.bytes.weights / 1e6).toBeCloseTo(62.1, 1);
  expect(stages[0]!.bytes.kv).toBe(8192 * 2 * (256 + 4));
  expect(vocabularyShards.reduce((sum, { rows }) => sum + rows, 0)).toBe(256_000);
  expect(vocabularyShards.reduce((sum, { bytes }) => sum + bytes.weights, 0) / 1e6).toBeCloseTo(557.1, 1);
  for (const { bytes } of [...stages, ...vocabularyShards]) {
    expect(bytes.total).toBeLessThanOrEqual(100e6);
    expect(bytes.total).toBeGreaterThan(bytes.weights + bytes.kv + bytes.scratch);
  }
});

test("the fewest parts that fit: one fewer would not", () => {
  const manifest = manifestOf(GEMMA_2B);
  const small = { ...options, budgetBytes: 300e6, contextTokens: 1024, layerParts: 1 };
  const { stages, vocabularyShards } = planModel(manifest, small);
  const fewer = planModel(manifest, {
    ...small,
    stages: stages.length - 1,
    vocabularyShards: vocabularyShards.length - 1,
  });
  expect(fewer.problems).toEqual([
    expect.stringMatching(
      /^stage \d+ \(\d+ layers\) needs 3\d\d\.\d MB, the budget is 300\.0 MB.*: use more stages or layer parts$/,
    ),
    expect.stringMatching(/^vocabulary shard \d+ .*: use more vocabulary shards$/),
  ]);
});

test("too many KV tokens for a layer that would fit alone", () => {
  const { problems } = planModel(manifestOf(GEMMA_2B), { ...options, sessions: 16, layerParts: 1 });
  expect(problems).toEqual([expect.stringMatching(/plan fewer KV tokens than 16 × 8192/)]);
});

test.each([
  ["Gemma 2 2B", GEMMA2_2B, 8192],
  ["Gemma 3 270M", GEMMA3_270M, 32_768],
  ["Gemma 3 1B", GEMMA3_1B, 32_768],
  ["Gemma 3 4B", GEMMA3_4B, 8192],
])("%s fits isolates of 128 MB", (_, architecture, contextTokens) => {
  const { stages, problems } = planModel(manifestOf(architecture), {
    ...options,
    budgetBytes: 118e6,
    contextTokens,
  });
  expect(problems).toEqual([]);
  expect(stages.reduce((sum, { layerCount }) => sum + layerCount, 0)).toBe(architecture.numHiddenLayers);
});

test("a context the model was not made for is refused", () => {
  expect(() => planModel(manifestOf(GEMMA_2B), { ...options, contextTokens: 8193 })).toThrow(
    /8193 tokens was asked for, the model was made for 8192/,
  );
});

test.each([
  [6, 1],
  [6, 3],
  [6, 4],
  [18, 7],
  [28, 28],
])("%d layers in %d stages: all, in order, evenly", (layerCount, stages) => {
  const ranges = splitLayers(layerCount, stages);
  expect(ranges.flatMap((range) => Array.from({ length: range.layerCount }, (_, i) => range.firstLayer + i))).toEqual(
    Array.from({ length: layerCount }, (_, layer) => layer),
  );
  const counts = ranges.map((range) => range.layerCount);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
});

test("the table is cut on its files", () => {
  const manifest = manifestOf(GEMMA_2B);
  expect(manifest.table.shards.length).toBe(84);
  const ranges = splitTable(manifest, 5);
  expect(ranges.map(({ shardCount }) => shardCount)).toEqual([17, 17, 17, 17, 16]);
  expect(ranges[4]).toEqual({ firstShard: 68, shardCount: 16 });
});

test("more parts than there are layers or files are refused", () => {
  expect(() => splitLayers(6, 7)).toThrow("6 layers cannot be cut into 7 stages");
  expect(() => splitTable(manifestOf(GEMMA_2B), 85)).toThrow("a table of 84 files cannot be cut into 85");
});
