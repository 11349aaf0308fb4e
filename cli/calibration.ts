import { readFile } from "node:fs/promises";
import { chooseKernelModule, instantiateKernels } from "../runtime/simd/instantiate.ts";
import { layerRunner } from "../runtime/simd/run-layer.ts";
import { Tokenizer } from "../runtime/tokenizer/tokenizer.ts";
import type { CalibrationSource } from "../weights/convert.ts";
import { WeightsError } from "../weights/errors.ts";
import { loadKernelModules } from "./kernel-modules.ts";

/** The text that ships with the project. */
export const SHIPPED_TEXT = new URL("../weights/calibration/text.txt", import.meta.url);
/** A line of its own between texts that have nothing to do with one another. */
const BREAK = /^-{3,}$/m;
/** Tokens of a sequence at most, the first token of all included. */
const SEQUENCE_TOKENS = 1024;
/** Shorter ends of a text are left out. */
const LEAST_TOKENS = 16;
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/** Sequences of a text file, each begun by <bos>, and our own engine to run them. */
export async function calibrationSource(path: string | URL, maxTokens: number): Promise<CalibrationSource> {
  const text = await readFile(path, "utf8");
  if (text.length > MAX_TEXT_BYTES)
    throw new WeightsError(`${path}: ${text.length} characters, a calibration text has at most ${MAX_TEXT_BYTES}`);
  const module = chooseKernelModule(await loadKernelModules());
  return {
    runLayer: layerRunner({ kernels: (memory) => instantiateKernels(module, memory), activations: 8 }),
    sequences({ specialTokens, architecture }, tokenizerFile) {
      if (tokenizerFile === null)
        throw new WeightsError("the checkpoint has no tokenizer, so that no text can calibrate it: use --method round");
      const tokenizer = new Tokenizer(tokenizerFile);
      const texts = text.split(BREAK).map((each) => tokenizer.encode(each.trim(), { special: false }));
      if (texts.every(({ length }) => length < LEAST_TOKENS))
        throw new WeightsError(`${path}: expected texts of at least ${LEAST_TOKENS} tokens to calibrate with`);
      return cut(texts, specialTokens.bos, Math.min(SEQUENCE_TOKENS, architecture.maxPositionEmbeddings), maxTokens);
    },
  };
}

/** Sequences of up to `length` tokens, `bos` first; when there are more than `maxTokens`, some from all over the text. */
function cut(texts: readonly (readonly number[])[], bos: number, length: number, maxTokens: number): number[][] {
  const all: number[][] = [];
  for (const ids of texts)
    for (let from = 0; from < ids.length; from += length - 1) {
      const sequence = [bos, ...ids.slice(from, from + length - 1)];
      if (sequence.length >= LEAST_TOKENS) all.push(sequence);
    }
  const tokens = all.reduce((sum, sequence) => sum + sequence.length, 0);
  const wanted = Math.max(1, Math.floor(all.length * Math.min(1, maxTokens / tokens)));
  return Array.from({ length: wanted }, (_, i) => all[Math.floor((i * all.length) / wanted)]!.slice(0, maxTokens));
}
