import { type Command, Option } from "commander";
import type { ActivationBits, KvBits } from "../runtime/engine.ts";
import { LocalModel } from "../runtime/local-model.ts";
import { MAX_LAYER_PARTS } from "../weights/layer-parts.ts";
import type { Manifest } from "../weights/manifest.ts";
import { createEngine, type EngineName } from "./engines.ts";
import { FolderSource } from "./folder-source.ts";
import { integerArgument } from "./number-argument.ts";

export interface ModelOptions {
  readonly engine: EngineName;
  readonly activations: "8" | "16";
  readonly kvBits?: "8" | "16" | "32";
  readonly layerParts?: number;
}

/** Adds the options of commands that run a model in this process. */
export function addModelOptions(command: Command): Command {
  return command
    .addOption(new Option("--engine <name>", "what runs the shards").choices(["simd", "ort"]).default("simd"))
    .addOption(
      new Option("--activations <bits>", "bits of an activation in the simd engine (ort does not quantise them)")
        .choices(["8", "16"])
        .default("8"),
    )
    .addOption(
      new Option(
        "--kv-bits <bits>",
        "bits of a number in the simd engine's KV cache (default: 8, or 32 with 16-bit activations)",
      ).choices(["8", "16", "32"]),
    )
    .option(
      "--layer-parts <count>",
      "compute as a service does that splits each layer over so many objects (simd; the bits differ)",
      integerArgument(1, MAX_LAYER_PARTS),
      1,
    );
}

/** Loads a whole model folder into this process, with room for sessions of `kvTokens` tokens together. */
export async function openModel(
  folder: string,
  manifest: Manifest,
  options: ModelOptions,
  kvTokens: number,
): Promise<LocalModel> {
  const kvBits = options.kvBits && (Number(options.kvBits) as KvBits);
  const engine = await createEngine(options.engine, Number(options.activations) as ActivationBits, kvBits);
  const { layerParts = 1 } = options;
  return LocalModel.open({ manifest, source: new FolderSource(folder), engine, kvTokens, layerParts });
}

/** Refuses ids outside the vocabulary, an empty prompt, and one that does not fit the context. */
export function checkPrompt(ids: readonly number[], { architecture, name }: Manifest): void {
  const { vocabSize, maxPositionEmbeddings } = architecture;
  if (ids.length === 0) throw new Error("the prompt is empty; give at least one token");
  for (const id of ids)
    if (id >= vocabSize) throw new Error(`token id ${id} is not in the vocabulary of ${name}, 0 … ${vocabSize - 1}`);
  if (ids.length > maxPositionEmbeddings)
    throw new Error(`the prompt has ${ids.length} tokens, the context of ${name} is ${maxPositionEmbeddings}`);
}
