import { tableRanges } from "../../weights/families/table.ts";
import {
  type Architecture,
  type LayerAttention,
  type Manifest,
  parseManifest,
  TABLE_TILE_ROWS,
} from "../../weights/manifest.ts";

const file = (path: string) => ({ path, bytes: 1, sha256: "0".repeat(64) });

/** A manifest of the given shape whose files do not exist. */
export function manifestOf(architecture: Architecture): Manifest {
  const shard = { graph: file("g.onnx"), data: [file("g.bin")] };
  const manifest: Manifest = {
    formatVersion: 1,
    name: "shape",
    createdSeconds: 0,
    architecture,
    specialTokens: { bos: 2, pad: 0, stop: [1] },
    chatTemplate: null,
    generationDefaults: { temperature: 1, topP: 0.95, topK: 64 },
    tokenizer: null,
    licence: file("NOTICE"),
    layers: Array.from({ length: architecture.numHiddenLayers }, () => shard),
    finalNorm: shard,
    table: {
      tileRows: TABLE_TILE_ROWS,
      shards: tableRanges(architecture).map((range) => ({
        ...range,
        embed: file("e.onnx"),
        head: file("h.onnx"),
        data: [file("t.bin")],
      })),
    },
  };
  return parseManifest(JSON.stringify(manifest));
}

const GLOBAL: LayerAttention = { window: null, ropeTheta: 10_000, ropeFactor: 1 };

const common = {
  vocabSize: 256_000,
  headDim: 256,
  rmsNormEps: 1e-6,
  queryPreAttnScalar: 256,
  attnLogitSoftcapping: null,
  finalLogitSoftcapping: null,
  maxPositionEmbeddings: 8192,
} as const;

export const GEMMA_2B: Architecture = {
  ...common,
  family: "gemma1",
  hiddenSize: 2048,
  intermediateSize: 16_384,
  numHiddenLayers: 18,
  numAttentionHeads: 8,
  numKeyValueHeads: 1,
  attention: new Array<LayerAttention>(18).fill(GLOBAL),
};

export const GEMMA_7B: Architecture = {
  ...common,
  family: "gemma1",
  hiddenSize: 3072,
  intermediateSize: 24_576,
  numHiddenLayers: 28,
  numAttentionHeads: 16,
  numKeyValueHeads: 16,
  attention: new Array<LayerAttention>(28).fill(GLOBAL),
};

export const GEMMA2_2B: Architecture = {
  ...common,
  family: "gemma2",
  hiddenSize: 2304,
  intermediateSize: 9216,
  numHiddenLayers: 26,
  numAttentionHeads: 8,
  numKeyValueHeads: 4,
  attnLogitSoftcapping: 50,
  finalLogitSoftcapping: 30,
  attention: gemma2Attention(26),
};

export const GEMMA3_270M: Architecture = {
  ...common,
  family: "gemma3_text",
  vocabSize: 262_144,
  hiddenSize: 640,
  intermediateSize: 2048,
  numHiddenLayers: 18,
  numAttentionHeads: 4,
  numKeyValueHeads: 1,
  maxPositionEmbeddings: 32_768,
  attention: gemma3Attention(18, 512, 1),
};

export const GEMMA3_1B: Architecture = {
  ...GEMMA3_270M,
  hiddenSize: 1152,
  intermediateSize: 6912,
  numHiddenLayers: 26,
  attention: gemma3Attention(26, 512, 1),
};

export const GEMMA3_4B: Architecture = {
  ...GEMMA3_270M,
  hiddenSize: 2560,
  intermediateSize: 10_240,
  numHiddenLayers: 34,
  numAttentionHeads: 8,
  numKeyValueHeads: 4,
  maxPositionEmbeddings: 131_072,
  attention: gemma3Attention(34, 1024, 8),
};

export const GEMMA2_9B: Architecture = {
  ...GEMMA2_2B,
  hiddenSize: 3584,
  intermediateSize: 14_336,
  numHiddenLayers: 42,
  numAttentionHeads: 16,
  numKeyValueHeads: 8,
  attention: gemma2Attention(42),
};

export const GEMMA2_27B: Architecture = {
  ...GEMMA2_2B,
  hiddenSize: 4608,
  intermediateSize: 36_864,
  numHiddenLayers: 46,
  numAttentionHeads: 32,
  numKeyValueHeads: 16,
  headDim: 128,
  attention: gemma2Attention(46),
};

export const GEMMA3_12B: Architecture = {
  ...GEMMA3_4B,
  vocabSize: 262_208,
  hiddenSize: 3840,
  intermediateSize: 15_360,
  numHiddenLayers: 48,
  numAttentionHeads: 16,
  numKeyValueHeads: 8,
  attention: gemma3Attention(48, 1024, 8),
};

function gemma2Attention(layers: number): LayerAttention[] {
  return Array.from({ length: layers }, (_, layer) => (layer % 2 === 0 ? { ...GLOBAL, window: 4096 } : GLOBAL));
}

function gemma3Attention(layers: number, window: number, ropeFactor: number): LayerAttention[] {
  const global = { window: null, ropeTheta: 1_000_000, ropeFactor };
  return Array.from({ length: layers }, (_, layer) => (layer % 6 === 5 ? global : { ...GLOBAL, window }));
}
