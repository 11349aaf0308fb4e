import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { convert } from "../../weights/convert.ts";
import { recipeTensors } from "../golden/recipe-checkpoint.ts";
import { folderContents } from "./folder-contents.ts";
import { sharedFolder } from "./shared-folder.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { type Tensors, writeCheckpoint } from "./tiny-checkpoint.ts";

const text = {
  model_type: "gemma3_text",
  vocab_size: 1088,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 32,
  query_pre_attn_scalar: 32,
  sliding_window: 8,
  max_position_embeddings: 64,
};
const config = { ...text, architectures: ["Gemma3ForCausalLM"] as const };
const tensors = recipeTensors(config, 5);
const vision = {
  architectures: ["Gemma3ForConditionalGeneration"],
  model_type: "gemma3",
  text_config: text,
  vision_config: {},
};
const pixels = { shape: [4, 32], values: new Float32Array(128) };

const renamed = (rename: (name: string) => string, others: Tensors = {}): Tensors => ({
  ...Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [rename(name), tensor])),
  ...others,
});

async function converted(folder: string, config: object, tensors: Tensors) {
  const checkpoint = writeCheckpoint(join(folder, "checkpoint"), { config, tensors });
  const target = join(folder, "model");
  await convert({ checkpoint, target, name: "tiny" });
  return folderContents(target);
}

test.each([
  [
    "of the first release",
    renamed((name) => `language_model.${name}`, {
      "vision_tower.vision_model.encoder.weight": pixels,
      "multi_modal_projector.mm_input_projection_weight": pixels,
      "language_model.lm_head.weight": tensors["model.embed_tokens.weight"]!,
    }),
  ],
  [
    "of newer releases",
    renamed((name) => name.replace("model.", "model.language_model."), {
      "model.vision_tower.vision_model.encoder.weight": pixels,
      "model.multi_modal_projector.mm_soft_emb_norm.weight": pixels,
    }),
  ],
])("the text part of a model with vision, by the names %s, is the text model", async (_, tensorsWithVision) => {
  const folder = temporaryFolder();
  const alone = await converted(join(folder, "text"), config, tensors);
  expect(await converted(join(folder, "vision"), vision, tensorsWithVision)).toEqual(alone);
});

test("a text model with a vision tensor is refused", async () => {
  const folder = temporaryFolder();
  const odd = renamed((name) => name, { "vision_tower.x.weight": pixels });
  await expect(converted(folder, config, odd)).rejects.toThrow(/the first is vision_tower.x.weight/);
});

test("rows that no piece of the tokenizer has are left out of the table", async (context) => {
  const demo = sharedFolder(context, "demo-model");
  const folder = temporaryFolder();
  const wide = { ...config, vocab_size: 2100 };
  const checkpoint = writeCheckpoint(join(folder, "checkpoint"), { config: wide, tensors: recipeTensors(wide, 5) });
  copyFileSync(join(demo, "tokenizer.model"), join(checkpoint, "tokenizer.model"));
  const { architecture, table } = await convert({ checkpoint, target: join(folder, "model"), name: "tiny" });
  const rows = table.shards.reduce((sum, shard) => sum + shard.rows, 0);
  expect({ vocabSize: architecture.vocabSize, rows }).toEqual({ vocabSize: 2048, rows: 2048 });
});
