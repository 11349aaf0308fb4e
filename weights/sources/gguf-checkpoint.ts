import { WeightsError } from "../errors.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { readGemmaConfig } from "./gemma-config.ts";
import { ggufArchitecture, ggufConfig } from "./gguf-config.ts";
import { GgufFile } from "./gguf-file.ts";
import { GgufTensors } from "./gguf-tensors.ts";
import { readGgufTokenizer } from "./gguf-tokenizer.ts";
import { REFERENCE_DEFAULTS } from "./huggingface.ts";

const TABLE = "token_embd.weight";
const END_OF_SEQUENCE = "<eos>";
const CHAT_TEMPLATE = "tokenizer.chat_template";

/** Opens a GGUF file of a Gemma as a checkpoint; throws a WeightsError that names the field that is wrong. */
export async function openGgufCheckpoint(path: string): Promise<Checkpoint> {
  return ggufCheckpoint(await GgufFile.open(path));
}

/** The same of an open file, which is closed when it is refused. */
export async function ggufCheckpoint(file: GgufFile): Promise<Checkpoint> {
  try {
    const { fields, path } = file;
    const architecture = ggufArchitecture(fields);
    const rows = file.tensors.get(TABLE)?.shape[0];
    if (rows === undefined) throw new WeightsError(`${path}: has no tensor ${TABLE}`);
    const config = readGemmaConfig(ggufConfig(fields, rows), path);
    const tokenizer = readGgufTokenizer(fields);
    if (tokenizer !== null && tokenizer.texts.length > rows)
      throw new WeightsError(`${path}: ${tokenizer.texts.length} tokens, ${TABLE} has ${rows} rows`);
    // Files of tuned models name the end of a turn alone; the end of the sequence still ends an answer.
    const endOfSequence = tokenizer?.texts.indexOf(END_OF_SEQUENCE) ?? -1;
    return {
      config: {
        ...config,
        eosTokenIds: [...new Set([...config.eosTokenIds, ...(endOfSequence < 0 ? [] : [endOfSequence])])],
        generationDefaults: REFERENCE_DEFAULTS,
        hasChatTemplate: fields.has(CHAT_TEMPLATE),
      },
      tokenizer,
      tensors: new GgufTensors(file, architecture),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}
