import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { convert } from "../../weights/convert.ts";
import { readCheckpointConfig } from "../../weights/sources/huggingface.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { writeCheckpoint } from "./tiny-checkpoint.ts";

function folderWith(files: Record<string, object>): string {
  const folder = writeCheckpoint(temporaryFolder());
  for (const [name, contents] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(contents));
  return folder;
}

test("without generation_config.json the reference's sampling is the default", async () => {
  const { generationDefaults, eosTokenIds } = await readCheckpointConfig(folderWith({}));
  expect(generationDefaults).toEqual({ temperature: 1, topP: 0.95, topK: 64 });
  expect(eosTokenIds).toEqual([1]);
});

test("generation_config.json sets sampling and adds stop ids", async () => {
  const folder = folderWith({
    "generation_config.json": { temperature: 0.7, top_p: 0.9, top_k: 40, do_sample: true, eos_token_id: [1, 107] },
  });
  const { generationDefaults, eosTokenIds } = await readCheckpointConfig(folder);
  expect(generationDefaults).toEqual({ temperature: 0.7, topP: 0.9, topK: 40 });
  expect(eosTokenIds).toEqual([1, 107]);
});

test("do_sample false means greedy", async () => {
  const folder = folderWith({ "generation_config.json": { do_sample: false } });
  expect((await readCheckpointConfig(folder)).generationDefaults.temperature).toBe(0);
});

test.each([
  [
    "tokenizer_config.json with a template",
    { "tokenizer_config.json": { chat_template: "x", model_max_length: 1e30 } },
    true,
  ],
  ["a template file", { "chat_template.jinja": {} }, true],
  ["tokenizer_config.json without one", { "tokenizer_config.json": { chat_template: null } }, false],
  ["neither", {}, false],
])("%s tells a tuned model or does not", async (_, files, expected) => {
  expect((await readCheckpointConfig(folderWith(files))).hasChatTemplate).toBe(expected);
});

test("a wrong field is refused with its file and name", async () => {
  const folder = folderWith({ "generation_config.json": { temperature: "hot" } });
  await expect(readCheckpointConfig(folder)).rejects.toThrow(/generation_config\.json: .*temperature/s);
});

test("a checkpoint without a tokenizer is converted with a warning", async () => {
  const checkpoint = folderWith({});
  const warnings: string[] = [];
  const manifest = await convert({
    checkpoint,
    target: join(checkpoint, "model"),
    name: "tiny",
    onWarning: (text) => warnings.push(text),
  });
  expect(manifest.tokenizer).toBeNull();
  expect(warnings.join()).toMatch(/has no tokenizer: /);
});
