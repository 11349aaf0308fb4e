import { tableRanges } from "../../weights/families/gemma1.ts";
import { type Architecture, type Manifest, parseManifest, TABLE_TILE_ROWS } from "../../weights/manifest.ts";

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

const common = {
  family: "gemma1",
  vocabSize: 256_000,
  headDim: 256,
  rmsNormEps: 1e-6,
  ropeTheta: 10_000,
  maxPositionEmbeddings: 8192,
} as const;

export const GEMMA_2B: Architecture = {
  ...common,
  hiddenSize: 2048,
  intermediateSize: 16_384,
  numHiddenLayers: 18,
  numAttentionHeads: 8,
  numKeyValueHeads: 1,
};

export const GEMMA_7B: Architecture = {
  ...common,
  hiddenSize: 3072,
  intermediateSize: 24_576,
  numHiddenLayers: 28,
  numAttentionHeads: 16,
  numKeyValueHeads: 16,
};
