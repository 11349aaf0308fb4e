import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { FolderSource, readManifest } from "../../cli/folder-source.ts";
import { createSimdEngine } from "../../runtime/simd/engine.ts";
import { createReferenceKernels } from "../../runtime/simd/reference/reference-kernels.ts";
import { LocalHelpers } from "../../runtime/stage-helper.ts";
import { convert } from "../../weights/convert.ts";
import type { KvBits } from "../../weights/packed-sizes.ts";
import { planModel } from "../../weights/plan.ts";
import { recipeTensors } from "../golden/recipe-checkpoint.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { tinyConfig, tinyTensors, writeCheckpoint } from "./tiny-checkpoint.ts";

const demo = fileURLToPath(new URL("../../weights/demo/model", import.meta.url));

/** What the plan may promise beyond what the engine takes: buffers that do not fit together as well as they could. */
const MAX_SLACK_BYTES = 700_000;
const MAX_SLACK = 1.1;

async function expectPlanHolds(folder: string, chunkRows: number, kvBits: KvBits = 16, layerParts = 1): Promise<void> {
  const engine = createSimdEngine({ kernels: createReferenceKernels, activations: 8, kvBits });
  const manifest = await readManifest(folder);
  const source = new FolderSource(folder);
  const contextTokens = manifest.architecture.maxPositionEmbeddings;
  const plan = planModel(manifest, {
    budgetBytes: 1e9,
    contextTokens,
    sessions: 3,
    chunkRows,
    logitRows: 4,
    kvBits,
    layerParts,
    stages: 1,
    vocabularyShards: 2,
  });
  const layers = {
    manifest,
    source,
    firstLayer: 0,
    layerCount: manifest.layers.length,
    kvTokens: 3 * contextTokens,
    ...(plan.kvWindowTokens > 0 && { kvWindowTokens: plan.kvWindowTokens }),
    maxRows: chunkRows,
  };
  const helpers = await Promise.all(
    Array.from({ length: layerParts - 1 }, (_, i) => engine.loadHelper({ ...layers, parts: layerParts, part: i + 1 })),
  );
  const split = layerParts > 1 && { split: { parts: layerParts, helpers: new LocalHelpers(helpers) } };
  const stage = await engine.loadLayers({ ...layers, finalNorm: true, ...split });
  const shard = await engine.loadVocabulary({
    manifest,
    source,
    firstShard: 0,
    shardCount: 1,
    maxRows: chunkRows,
    maxLogitRows: 4,
  });
  for (const [{ bytes }, { memoryBytes }] of [
    ...[stage, ...helpers].map((part, index) => [{ bytes: plan.stages[0]!.parts[index]! }, part] as const),
    [plan.vocabularyShards[0]!, shard] as const,
  ]) {
    const planned = bytes.weights + bytes.kv + bytes.scratch;
    expect(planned).toBeGreaterThanOrEqual(memoryBytes);
    expect(planned).toBeLessThan(memoryBytes * MAX_SLACK + MAX_SLACK_BYTES);
  }
}

test.each([1, 32, 300])("frames of %d rows: the demo model takes no more memory than planned", async (chunkRows) => {
  await expectPlanHolds(demo, chunkRows);
});

test.each([8, 32] as const)("a KV cache of %d bits takes no more memory than planned", async (kvBits) => {
  await expectPlanHolds(demo, 32, kvBits);
});

test.each([2, 4])("layers split in %d: no part takes more memory than planned", async (layerParts) => {
  await expectPlanHolds(demo, 32, 8, layerParts);
});

test.each([
  ["wide attention", { num_attention_heads: 16, num_key_value_heads: 8, head_dim: 32 }],
  ["a long context", { max_position_embeddings: 16_384 }],
  ["a narrow feed-forward", { intermediate_size: 32 }],
  ["a wide feed-forward", { intermediate_size: 1024 }],
])("%s: the model takes no more memory than planned", async (_, change) => {
  const folder = temporaryFolder();
  const config = { ...tinyConfig, ...change };
  const checkpoint = writeCheckpoint(join(folder, "checkpoint"), { config, tensors: tinyTensors(config) });
  await convert({ checkpoint, target: join(folder, "model"), name: "tiny" });
  await expectPlanHolds(join(folder, "model"), 400);
});

test("layers in 8 bits take no more memory than planned", async () => {
  const folder = temporaryFolder();
  const config = { ...tinyConfig, intermediate_size: 4096 };
  const checkpoint = writeCheckpoint(join(folder, "checkpoint"), { config, tensors: tinyTensors(config) });
  const quantisation = { method: "round", bitsPerWeight: 8.5 } as const;
  await convert({ checkpoint, target: join(folder, "model"), name: "tiny", quantisation });
  await expectPlanHolds(join(folder, "model"), 8);
});

const fourNorms = {
  vocab_size: 1088,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 32,
  query_pre_attn_scalar: 32,
  sliding_window: 16,
  max_position_embeddings: 128,
};

test.each([
  ["Gemma 2", { ...fourNorms, architectures: ["Gemma2ForCausalLM"] as const }],
  ["Gemma 3", { ...fourNorms, architectures: ["Gemma3ForCausalLM"] as const, sliding_window_pattern: 2 }],
  [
    "Gemma 3 with as many key as query heads and a narrow feed-forward",
    {
      ...fourNorms,
      architectures: ["Gemma3ForCausalLM"] as const,
      num_key_value_heads: 4,
      head_dim: 64,
      intermediate_size: 32,
      sliding_window_pattern: 2,
    },
  ],
])("%s: the model takes no more memory than planned", async (_, config) => {
  const folder = temporaryFolder();
  const checkpoint = writeCheckpoint(join(folder, "checkpoint"), { config, tensors: recipeTensors(config, 3) });
  await convert({ checkpoint, target: join(folder, "model"), name: "tiny" });
  await expectPlanHolds(join(folder, "model"), 400);
});

test("layers with a window take no more memory than planned, however long the context", async () => {
  const folder = temporaryFolder();
  const config = {
    ...fourNorms,
    architectures: ["Gemma3ForCausalLM"] as const,
    sliding_window_pattern: 3,
    max_position_embeddings: 8192,
  };
  const checkpoint = writeCheckpoint(join(folder, "checkpoint"), { config, tensors: recipeTensors(config, 3) });
  await convert({ checkpoint, target: join(folder, "model"), name: "tiny" });
  await expectPlanHolds(join(folder, "model"), 16);
});
