import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readGraph } from "../../runtime/onnx/read-graph.ts";
import { Tokenizer } from "../../runtime/tokenizer/tokenizer.ts";
import { WeightsError } from "../../weights/errors.ts";
import { parseManifest } from "../../weights/manifest.ts";
import { halfValue } from "../../weights/quantise/half.ts";
import { passThrough4 } from "../../weights/quantise/pass-through.ts";
import { QUANTISATION_BLOCK, quantise4, quantise8 } from "../../weights/quantise/round.ts";
import { quantiseSteps8 } from "../../weights/quantise/round-steps.ts";
import { readGemmaConfig } from "../../weights/sources/gemma-config.ts";
import { type BlockType, STEP_VALUES, type SteppedType } from "../../weights/sources/ggml-blocks/block-type.ts";
import { blockType, isStepped } from "../../weights/sources/ggml-blocks/block-types.ts";
import { ggufCheckpoint } from "../../weights/sources/gguf-checkpoint.ts";
import { GgufFile } from "../../weights/sources/gguf-file.ts";
import { SafetensorsFile } from "../../weights/sources/safetensors.ts";
import { readSentencePiece } from "../../weights/sources/sentencepiece.ts";
import { readTokenizerJson } from "../../weights/sources/tokenizer-json.ts";
import { encodeTokenizerFile } from "../../weights/tokenizer-file.ts";
import { smallTokenizerFile } from "../runtime/tokenizer/small-vocabulary.ts";
import { encodeGguf, GGML_TYPES } from "../weights/sources/gguf-writer.ts";
import { memoryBytes } from "../weights/sources/memory-bytes.ts";
import { smallSentencePieceFile } from "../weights/sources/small-sentencepiece.ts";
import { smallTokenizerJson } from "../weights/sources/small-tokenizer-json.ts";
import { smallTokenizerMetadata, tinyMetadata, tinyStoredTensors } from "../weights/sources/tiny-gguf.ts";
import { encodeSafetensors, tinyConfig, tinyTensors, withHeader } from "../weights/tiny-checkpoint.ts";
import type { Dice } from "./dice.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { mutateJson } from "./mutate-json.ts";

/** A reader of files, and how to damage one that it reads. */
export interface Target {
  readonly name: string;
  readonly whole: Uint8Array;
  readonly mutate: (dice: Dice) => Uint8Array;
  readonly read: (bytes: Uint8Array) => unknown;
}

const demo = (file: string) =>
  readFileSync(fileURLToPath(new URL(`../../weights/demo/model/${file}`, import.meta.url)));

/** Damages a JSON file as a tree or as text. */
function jsonTarget(name: string, json: unknown, read: Target["read"]): Target {
  const whole = Buffer.from(JSON.stringify(json));
  const mutate = (dice: Dice) => (dice.below(4) === 0 ? mutateBytes(whole, dice) : Buffer.from(mutateJson(json, dice)));
  return { name, whole, mutate, read };
}

const binaryTarget = (name: string, whole: Uint8Array, read: Target["read"], headBytes?: number): Target => ({
  name,
  whole,
  mutate: (dice) => mutateBytes(whole, dice, headBytes),
  read,
});

function safetensorsTarget(): Target {
  const two = Object.fromEntries(Object.entries(tinyTensors()).slice(1, 4));
  const whole = encodeSafetensors(two, "BF16");
  const headerBytes = Number(Buffer.from(whole).readBigUInt64LE());
  const header = JSON.parse(Buffer.from(whole.subarray(8, 8 + headerBytes)).toString());
  const data = whole.subarray(8 + headerBytes);
  return {
    name: "safetensors",
    whole,
    mutate: (dice) =>
      dice.below(3) === 0 ? mutateBytes(whole, dice, 8 + headerBytes) : withHeader(mutateJson(header, dice), data),
    read: async (bytes) => {
      const file = await SafetensorsFile.over(memoryBytes("x.safetensors", bytes));
      for (const tensor of file.tensors.values())
        if (tensor.rows > 0) await file.readRows(tensor, tensor.rows - 1, new Float32Array(tensor.columns));
    },
  };
}

function ggufTarget(): Target {
  const tensors = tinyStoredTensors().map((tensor, index) => {
    if (tensor.shape.length === 1) return tensor;
    const [name, bytes] = (
      [
        ["Q4_0", 18],
        ["Q8_0", 34],
        ["Q5_1", 24],
      ] as const
    )[index % 3]!;
    const elements = tensor.shape.reduce<number>((product, size) => product * Number(size), 1);
    return { ...tensor, type: GGML_TYPES[name], data: new Uint8Array((elements / 32) * bytes) };
  });
  const metadata = [...tinyMetadata(), ...smallTokenizerMetadata()];
  const whole = encodeGguf({ metadata, tensors });
  const dataBytes = tensors.reduce((sum, { data }) => sum + Math.ceil(data.length / 32) * 32, 0);
  const read = async (bytes: Uint8Array) => {
    const file = await GgufFile.over(memoryBytes("x.gguf", bytes));
    for (const tensor of file.tensors.values()) await file.readRows(tensor, 0, new Float32Array(tensor.type.values));
    const { tokenizer } = await ggufCheckpoint(file);
    if (tokenizer !== null) useTokenizer(encodeTokenizerFile(tokenizer));
  };
  return binaryTarget("gguf", whole, read, whole.length - dataBytes);
}

function onnxTarget(): Target {
  const { layers } = parseManifest(demo("manifest.json").toString());
  const files = new Map(layers[0]!.data.map(({ path, bytes }) => [path, bytes]));
  return binaryTarget("onnx", demo(layers[0]!.graph.path), (bytes) => readGraph(bytes, "x.onnx", files));
}

/**
 * Quantised blocks of any GGUF type, a run of 256 values each behind the type's number, through all that a conversion
 * does with them.
 */
function blocksTarget(): Target {
  const types = Object.values(GGML_TYPES).map((number) => ({ number, ...blockType(number, "here") }));
  const runBytes = ({ values, bytes }: BlockType) => (RUN_VALUES / values) * bytes;
  const read = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; ) {
      const type = blockType(bytes[at]!, `byte ${at}`);
      const blocks = bytes.subarray(at + 1, at + 1 + runBytes(type));
      if (blocks.length < runBytes(type)) throw new WeightsError("ends within a block");
      quantiseRun(type, blocks);
      at += 1 + blocks.length;
    }
  };
  return {
    name: "blocks",
    whole: Buffer.concat(types.map((type) => Buffer.concat([Buffer.of(type.number), Buffer.alloc(runBytes(type))]))),
    // Any bytes are blocks: what matters is which stand together, as a tiny value beside a large step.
    mutate: (dice) => {
      const type = dice.pick(types);
      const random = Uint8Array.from({ length: runBytes(type) }, () => dice.below(256));
      return Buffer.concat([Buffer.of(type.number), random.fill(0, dice.below(random.length))]);
    },
    read,
  };
}

const RUN_VALUES = 256;

function quantiseRun(type: BlockType | SteppedType, blocks: Uint8Array): void {
  const values = new Float32Array(RUN_VALUES);
  const scales = new Uint16Array(RUN_VALUES / QUANTISATION_BLOCK);
  const quantised = new Uint8Array(RUN_VALUES);
  type.dequantise(blocks, values);
  quantise4(values, scales, quantised);
  quantise8(values, scales, quantised);
  if (!isStepped(type)) return;
  const steps = new Float32Array(RUN_VALUES / STEP_VALUES);
  type.steps(blocks, steps);
  quantiseSteps8(values, steps, scales, quantised);
  if (type.name === "Q4_0") passThrough4(blocks, scales, quantised);
  if (!scales.every((bits) => Number.isFinite(halfValue(bits)))) throw new Error("a scale is not finite");
}

/** Loads a tokenizer and goes through all it does with text. */
function useTokenizer(file: Uint8Array): void {
  const tokenizer = new Tokenizer(file);
  const ids = tokenizer.encode("abc  the ▁▁ é\n\n<start_of_turn>\0", { special: true });
  tokenizer.decode(ids);
  tokenizer.decode(Array.from({ length: tokenizer.pieceCount }, (_, id) => id));
}

/** Every reader of a file that comes from outside. */
export const targets = (): readonly Target[] => [
  safetensorsTarget(),
  ggufTarget(),
  blocksTarget(),
  onnxTarget(),
  jsonTarget("manifest", JSON.parse(demo("manifest.json").toString()), (bytes) =>
    parseManifest(Buffer.from(bytes).toString()),
  ),
  jsonTarget("config", tinyConfig, (bytes) => readConfig(bytes)),
  jsonTarget("tokenizer.json", smallTokenizerJson(), (bytes) =>
    useTokenizer(encodeTokenizerFile(readTokenizerJson(bytes))),
  ),
  binaryTarget("tokenizer.bin", smallTokenizerFile, useTokenizer),
  binaryTarget("sentencepiece", smallSentencePieceFile, (bytes) =>
    useTokenizer(encodeTokenizerFile(readSentencePiece(bytes))),
  ),
];

function readConfig(bytes: Uint8Array): void {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return;
  }
  if (typeof json === "object" && json !== null && !Array.isArray(json))
    readGemmaConfig(json as Record<string, unknown>, "config.json");
}
