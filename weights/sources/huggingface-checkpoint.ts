import { existsSync } from "node:fs";
import { join } from "node:path";
import { WeightsError } from "../errors.ts";
import type { TokenizerData } from "../tokenizer-file.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { readSmallFile } from "./file-reader.ts";
import { readCheckpointConfig } from "./huggingface.ts";
import { MAX_SENTENCEPIECE_BYTES, readSentencePiece } from "./sentencepiece.ts";
import { TensorFiles } from "./tensor-files.ts";
import { textTensorName } from "./text-tensors.ts";
import { MAX_TOKENIZER_JSON_BYTES, readTokenizerJson } from "./tokenizer-json.ts";

/** In the order of preference; both hold the same pieces. */
const TOKENIZERS = [
  { file: "tokenizer.model", maxBytes: MAX_SENTENCEPIECE_BYTES, read: readSentencePiece },
  { file: "tokenizer.json", maxBytes: MAX_TOKENIZER_JSON_BYTES, read: readTokenizerJson },
];

/** Opens a Hugging Face folder (config.json, safetensors, a tokenizer); throws a WeightsError that names the file. */
export async function openHuggingFaceCheckpoint(folder: string): Promise<Checkpoint> {
  const config = await readCheckpointConfig(folder);
  const tokenizer = await readTokenizer(folder, config.architecture.vocabSize);
  const tensors = await TensorFiles.open(folder, config.multimodal ? textTensorName : undefined);
  return { config, tokenizer, tensors };
}

async function readTokenizer(folder: string, vocabSize: number): Promise<TokenizerData | null> {
  const found = TOKENIZERS.find(({ file }) => existsSync(join(folder, file)));
  if (found === undefined) return null;
  const path = join(folder, found.file);
  const tokenizer = found.read(await readSmallFile(path, found.maxBytes), vocabSize);
  if (tokenizer.texts.length > vocabSize)
    throw new WeightsError(`${path} has ${tokenizer.texts.length} pieces, config.json a vocabulary of ${vocabSize}`);
  return tokenizer;
}
