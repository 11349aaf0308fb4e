import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Manifest } from "../manifest.ts";
import { type GemmaConfig, readGemmaConfig } from "./gemma-config.ts";
import { readJsonFile, readOptionalJsonFile } from "./json-file.ts";

const MAX_CONFIG_BYTES = 1024 * 1024;
/** A tokenizer's configuration lists every special piece. */
const MAX_TOKENIZER_CONFIG_BYTES = 8 * 1024 * 1024;

const CHAT_TEMPLATE_FILE = "chat_template.jinja";

/** How the reference samples from Gemma where the checkpoint says nothing. */
export const REFERENCE_DEFAULTS = { temperature: 1, topP: 0.95, topK: 64 };

const tokenId = z
  .int()
  .min(0)
  .max(1 << 20);
const generationSchema = z.object({
  eos_token_id: z.union([tokenId, z.array(tokenId).max(15)]).nullish(),
  do_sample: z.boolean().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  top_k: z.int().min(0).nullish(),
});
const tokenizerConfigSchema = z.object({ chat_template: z.unknown() });

/** The JSON files of a Hugging Face checkpoint folder, checked. */
export interface CheckpointConfig extends GemmaConfig {
  /** Ids that end generation by config.json or generation_config.json. */
  readonly eosTokenIds: readonly number[];
  readonly generationDefaults: Manifest["generationDefaults"];
  /** The folder carries a chat template, in tokenizer_config.json or, as newer ones do, in a file of its own. */
  readonly hasChatTemplate: boolean;
}

/** Reads config.json and, where they exist, generation_config.json and tokenizer_config.json of a folder. */
export async function readCheckpointConfig(folder: string): Promise<CheckpointConfig> {
  const configPath = join(folder, "config.json");
  const config = readGemmaConfig(
    await readJsonFile(configPath, MAX_CONFIG_BYTES, z.record(z.string(), z.unknown())),
    configPath,
  );
  const generation =
    (await readOptionalJsonFile(join(folder, "generation_config.json"), MAX_CONFIG_BYTES, generationSchema)) ?? {};
  const tokenizer = await readOptionalJsonFile(
    join(folder, "tokenizer_config.json"),
    MAX_TOKENIZER_CONFIG_BYTES,
    tokenizerConfigSchema,
  );
  return {
    ...config,
    eosTokenIds: [...new Set([config.eosTokenIds, generation.eos_token_id ?? []].flat(2))],
    generationDefaults: {
      temperature: generation.do_sample === false ? 0 : (generation.temperature ?? REFERENCE_DEFAULTS.temperature),
      topP: generation.top_p ?? REFERENCE_DEFAULTS.topP,
      topK: generation.top_k ?? REFERENCE_DEFAULTS.topK,
    },
    hasChatTemplate: (tokenizer?.chat_template ?? null) !== null || existsSync(join(folder, CHAT_TEMPLATE_FILE)),
  };
}
