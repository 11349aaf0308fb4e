import { stat } from "node:fs/promises";
import { WeightsError } from "../errors.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { openGgufCheckpoint } from "./gguf-checkpoint.ts";
import { openHuggingFaceCheckpoint } from "./huggingface-checkpoint.ts";

/** Opens what a model is converted from: a Hugging Face folder, or a GGUF file. */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new WeightsError(`${path}: cannot be opened (${cause.code})`, { cause });
  });
  return found.isDirectory() ? openHuggingFaceCheckpoint(path) : openGgufCheckpoint(path);
}
