import { WeightsError } from "./errors.ts";
import { layerMatrices, layerNormSizes } from "./families/shapes.ts";
import type { Architecture, Manifest } from "./manifest.ts";
import { sumBytes } from "./manifest-files.ts";
import { align } from "./onnx/external-layout.ts";
import {
  activationRowBytes,
  attentionScratchBytes,
  type KvBits,
  kvCacheBytes,
  loadingBytes,
  MEMORY_ROUNDING_BYTES,
  packed4Bytes,
  packed8Bytes,
} from "./packed-sizes.ts";
import { QUANTISATION_BLOCK } from "./quantise/round.ts";

/** JavaScript heap of an isolate that serves a part: bundle, graph, stream chunks while loading. */
export const JS_HEAP_BYTES = 8e6;
/** The kernels' machine code, baseline and optimised. */
export const WASM_CODE_BYTES = 2e6;
/** What vocabulary shards are asked for: the last rows of as many sessions. */
export const DEFAULT_LOGIT_ROWS = 8;
const DEFAULT_KV_BITS = 8;
const FLOAT_BYTES = 4;

export interface PlanOptions {
  /** What one isolate may hold, everything together. */
  readonly budgetBytes: number;
  /** Tokens of KV cache a session. */
  readonly contextTokens: number;
  /** Sessions whose whole context a stage holds at once. */
  readonly sessions: number;
  /** The most rows a frame carries. */
  readonly chunkRows: number;
  /** The most rows a vocabulary shard computes logits of at once; 8 when left out. */
  readonly logitRows?: number | undefined;
  /** Bits of a number in the KV cache; 16 when left out. */
  readonly kvBits?: KvBits | undefined;
  /** Left out: the fewest that fit. */
  readonly stages?: number | undefined;
  /** Left out: the fewest that fit. */
  readonly vocabularyShards?: number | undefined;
}

/** Layers firstLayer … firstLayer + layerCount − 1 of the manifest. */
export interface LayerRange {
  readonly firstLayer: number;
  readonly layerCount: number;
}

/** Entries firstShard … firstShard + shardCount − 1 of the manifest's table.shards. */
export interface TableRange {
  readonly firstShard: number;
  readonly shardCount: number;
}

/** Bytes of one isolate by use; `total` includes the allowance for JavaScript and code. */
export interface IsolateBytes {
  readonly weights: number;
  readonly kv: number;
  readonly scratch: number;
  readonly total: number;
}

export interface Plan {
  readonly stages: readonly (LayerRange & { readonly bytes: IsolateBytes })[];
  readonly vocabularyShards: readonly (TableRange & { readonly rows: number; readonly bytes: IsolateBytes })[];
  /** What does not fit, a sentence a part; empty when the plan can be used. */
  readonly problems: readonly string[];
}

/** Cuts the layers into `stages` runs whose lengths differ by one at most; WeightsError when there are too few. */
export function splitLayers(layerCount: number, stages: number): LayerRange[] {
  if (stages > layerCount) throw new WeightsError(`${layerCount} layers cannot be cut into ${stages} stages`);
  return splitEvenly(layerCount, stages).map(({ first, count }) => ({ firstLayer: first, layerCount: count }));
}

/** Cuts the table into `shards` runs of the manifest's table shards; WeightsError when it has too few. */
export function splitTable({ table }: Manifest, shards: number): TableRange[] {
  if (shards > table.shards.length)
    throw new WeightsError(`a table of ${table.shards.length} files cannot be cut into ${shards} vocabulary shards`);
  return splitEvenly(table.shards.length, shards).map(({ first, count }) => ({ firstShard: first, shardCount: count }));
}

function splitEvenly(length: number, parts: number): { first: number; count: number }[] {
  const bound = (part: number) => Math.ceil((part * length) / parts);
  return Array.from({ length: parts }, (_, part) => ({ first: bound(part), count: bound(part + 1) - bound(part) }));
}

/**
 * Cuts a model into stages and vocabulary shards whose isolates stay within a budget. A plan that does not fit comes
 * back with its problems; WeightsError only when the numbers asked for make no sense with this model.
 */
export function planModel(manifest: Manifest, options: PlanOptions): Plan {
  const { architecture } = manifest;
  const { budgetBytes, contextTokens } = options;
  if (contextTokens > architecture.maxPositionEmbeddings)
    throw new WeightsError(
      `a context of ${contextTokens} tokens was asked for, the model was made for ${architecture.maxPositionEmbeddings}`,
    );
  const fits = ({ bytes }: { bytes: IsolateBytes }) => bytes.total <= budgetBytes;

  const stages = fewest(options.stages, manifest.layers.length, fits, (count) =>
    splitLayers(manifest.layers.length, count).map((range, index) => ({
      ...range,
      bytes: stageBytes(manifest, range, index === count - 1, options),
    })),
  );
  const vocabularyShards = fewest(options.vocabularyShards, manifest.table.shards.length, fits, (count) =>
    splitTable(manifest, count).map((range) => {
      const files = manifest.table.shards.slice(range.firstShard, range.firstShard + range.shardCount);
      const rows = files.reduce((sum, file) => sum + file.rows, 0);
      return { ...range, rows, bytes: vocabularyBytes(architecture, files, rows, options) };
    }),
  );
  return { stages, vocabularyShards, problems: findProblems(stages, vocabularyShards, options) };
}

/** The cut into `wanted` parts, or into the fewest that all fit; when none does, into the most there are. */
function fewest<Part>(
  wanted: number | undefined,
  most: number,
  fits: (part: Part) => boolean,
  cut: (count: number) => Part[],
): Part[] {
  if (wanted !== undefined) return cut(wanted);
  for (let count = 1; count < most; count++) {
    const parts = cut(count);
    if (parts.every(fits)) return parts;
  }
  return cut(most);
}

function stageBytes(
  { architecture, layers }: Manifest,
  { firstLayer, layerCount }: LayerRange,
  finalNorm: boolean,
  { contextTokens, sessions, chunkRows, kvBits = DEFAULT_KV_BITS }: PlanOptions,
): IsolateBytes {
  const { hiddenSize, intermediateSize, numAttentionHeads, numKeyValueHeads, headDim } = architecture;
  const shapes = Object.values(layerMatrices(architecture));
  const matrices = shapes.reduce((sum, shape) => sum + packed4Bytes(shape), 0);
  const norms = layerNormSizes(architecture).reduce((sum, size) => sum + size * FLOAT_BYTES, 0);
  // What matrices of 8 bits take beyond 4 is what their files have beyond those of a layer all in 4 bits.
  const evenFiles =
    shapes.reduce((sum, { outputs, columns }) => {
      const weights = outputs * columns;
      return sum + align((weights * 2) / QUANTISATION_BLOCK) + align(weights / 2);
    }, 0) + layerNormSizes(architecture).reduce((sum, size) => sum + align(size * FLOAT_BYTES), 0);
  const wider = layers
    .slice(firstLayer, firstLayer + layerCount)
    .reduce((sum, { data }) => sum + Math.max(0, sumBytes(data) - evenFiles), 0);
  const weights = layerCount * (matrices + norms) + wider + (finalNorm ? hiddenSize * FLOAT_BYTES : 0);
  const kv = layerCount * sessions * kvCacheBytes(numKeyValueHeads, headDim, contextTokens, kvBits);
  const queryWidth = numAttentionHeads * headDim;
  const keyWidth = numKeyValueHeads * headDim;
  // Alive throughout: the residual, and the place of a norm's row that later buffers are too wide for. Beside them at
  // the widest points: the quantised norm, or the gap it leaves, with queries, keys, values and what attention gives or
  // the normed queries; the quantised norm with gate and up; the gated row with its quantised form; a block's row that
  // is normed.
  const widest = Math.max(
    activationRowBytes(hiddenSize) + (2 * queryWidth + 2 * keyWidth) * FLOAT_BYTES,
    activationRowBytes(hiddenSize) + 2 * intermediateSize * FLOAT_BYTES,
    activationRowBytes(intermediateSize) + intermediateSize * FLOAT_BYTES,
    hiddenSize * FLOAT_BYTES,
  );
  // Cosines and sines of a row's position, head_dim / 2 of each, for every rotary embedding of the model.
  const embeddings = new Set(architecture.attention.map(({ ropeTheta, ropeFactor }) => `${ropeTheta} ${ropeFactor}`));
  const rotary = embeddings.size * headDim * FLOAT_BYTES;
  const rowBytes = 2 * hiddenSize * FLOAT_BYTES + widest + rotary;
  const running = chunkRows * rowBytes + attentionScratchBytes(numAttentionHeads, headDim, kvBits);
  const loading = Math.max(...shapes.map(loadingBytes));
  return total({ weights, kv, scratch: Math.max(running, loading) + MEMORY_ROUNDING_BYTES });
}

function vocabularyBytes(
  { hiddenSize }: Architecture,
  files: readonly { readonly rows: number }[],
  rows: number,
  { chunkRows, logitRows = DEFAULT_LOGIT_ROWS }: PlanOptions,
): IsolateBytes {
  const weights = files.reduce((sum, file) => sum + packed8Bytes({ outputs: file.rows, columns: hiddenSize }), 0);
  const running =
    chunkRows * (2 * hiddenSize * FLOAT_BYTES + activationRowBytes(hiddenSize)) + logitRows * rows * FLOAT_BYTES;
  const loading = Math.max(...files.map((file) => loadingBytes({ outputs: file.rows, columns: hiddenSize })));
  return total({ weights, kv: 0, scratch: Math.max(running, loading) + MEMORY_ROUNDING_BYTES });
}

const total = (bytes: Omit<IsolateBytes, "total">): IsolateBytes => ({
  ...bytes,
  total: JS_HEAP_BYTES + WASM_CODE_BYTES + bytes.weights + bytes.kv + bytes.scratch,
});

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

function findProblems(
  stages: Plan["stages"],
  vocabularyShards: Plan["vocabularyShards"],
  { budgetBytes, contextTokens, sessions }: PlanOptions,
): string[] {
  const describe = (part: string, count: number, over: number, needed: number, cure: string) =>
    `${part} needs ${megabytes(needed)}, the budget is ${megabytes(budgetBytes)}` +
    `${over > 1 ? ` (${over} of ${count} are over it)` : ""}: ${cure}`;
  const problems: string[] = [];

  const largeStages = stages.filter(({ bytes }) => bytes.total > budgetBytes);
  const stage = largest(largeStages);
  if (stage !== undefined) {
    const { firstLayer, layerCount, bytes } = stage;
    const part = `stage ${stages.indexOf(stage)} (${layerCount === 1 ? `layer ${firstLayer}` : `${layerCount} layers`})`;
    const cure =
      layerCount > 1
        ? "use more stages"
        : JS_HEAP_BYTES + WASM_CODE_BYTES + bytes.weights > budgetBytes
          ? `the weights of one layer alone take ${megabytes(bytes.weights)}, and a layer is not split over isolates; use a smaller model`
          : `it holds a single layer, so plan fewer KV tokens than ${sessions} × ${contextTokens} or frames of fewer rows`;
    problems.push(describe(part, stages.length, largeStages.length, bytes.total, cure));
  }

  const largeShards = vocabularyShards.filter(({ bytes }) => bytes.total > budgetBytes);
  const shard = largest(largeShards);
  if (shard !== undefined) {
    const part = `vocabulary shard ${vocabularyShards.indexOf(shard)} (${shard.rows} rows)`;
    const cure =
      shard.shardCount > 1 ? "use more vocabulary shards" : "it is one file of the table, so plan frames of fewer rows";
    problems.push(describe(part, vocabularyShards.length, largeShards.length, shard.bytes.total, cure));
  }
  return problems;
}

const largest = <Part extends { bytes: IsolateBytes }>(parts: readonly Part[]): Part | undefined =>
  parts.toSorted((a, b) => b.bytes.total - a.bytes.total)[0];
