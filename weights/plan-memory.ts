import { layerMatrices, layerNormSizes, type MatrixShape } from "./families/shapes.ts";
import { forgets, kvWindow, mostWindowPages, type PoolSize, poolSizes, poolTableBytes } from "./kv-window.ts";
import { type LayerPart, splitLayer } from "./layer-parts.ts";
import type { Architecture, Manifest } from "./manifest.ts";
import { sumBytes } from "./manifest-files.ts";
import { align } from "./onnx/external-layout.ts";
import {
  activationRowBytes,
  attentionScratchBytes,
  BLOCK,
  type KvBits,
  kvLayerBytes,
  PAGE_TOKENS,
  q4Bytes,
  q8Bytes,
  ROW_STAGING_BYTES,
} from "./packed-sizes.ts";

/** JavaScript heap of an isolate that serves a part: bundle, graph, stream chunks while loading. */
export const JS_HEAP_BYTES = 8e6;
/** The kernels' machine code, baseline and optimised. */
export const WASM_CODE_BYTES = 2e6;
/** Gaps between buffers, and the last page of WASM memory in part. */
const MEMORY_ROUNDING_BYTES = 128 * 1024;
const FLOAT_BYTES = 4;

/** Bytes of one isolate by use; `total` includes the allowance for JavaScript and code. */
export interface IsolateBytes {
  readonly weights: number;
  readonly kv: number;
  readonly scratch: number;
  readonly total: number;
}

/** Layers firstLayer … firstLayer + layerCount − 1 of the manifest. */
export interface LayerRange {
  readonly firstLayer: number;
  readonly layerCount: number;
}

/** What an isolate of layers has to hold and do. */
export interface StageLoad {
  readonly contextTokens: number;
  readonly sessions: number;
  /** As plannedWindowTokens. */
  readonly kvWindowTokens: number;
  readonly chunkRows: number;
  readonly kvBits: KvBits;
  /** Objects each layer is split over. */
  readonly layerParts: number;
}

/**
 * KV tokens of layers with a window that a stage holds when it has room for `sessions` sessions of `contextTokens` each,
 * and in those layers for `windowSessions`; 0 where the model has none.
 */
export function plannedWindowTokens(
  architecture: Architecture,
  { contextTokens, sessions, chunkRows }: Pick<StageLoad, "contextTokens" | "sessions" | "chunkRows">,
  windowSessions: number,
): number {
  const window = kvWindow(architecture);
  if (window === null) return 0;
  const pages = sessions * Math.ceil(contextTokens / PAGE_TOKENS);
  return Math.min(pages, windowSessions * mostWindowPages(window, chunkRows)) * PAGE_TOKENS;
}

/** Bytes of the isolates of a stage, one a part; the first leads, and holds the norms. */
export function stageBytes(
  manifest: Manifest,
  range: LayerRange,
  finalNorm: boolean,
  load: StageLoad,
): readonly IsolateBytes[] {
  return splitLayer(manifest.architecture, load.layerParts).map((part, index) =>
    partBytes(manifest, range, index === 0 ? { finalNorm } : null, part, load),
  );
}

function partBytes(
  { architecture, layers }: Manifest,
  { firstLayer, layerCount }: LayerRange,
  leads: { readonly finalNorm: boolean } | null,
  part: LayerPart,
  { contextTokens, sessions, kvWindowTokens, chunkRows, kvBits, layerParts }: StageLoad,
): IsolateBytes {
  const { hiddenSize, headDim, numAttentionHeads, numKeyValueHeads, intermediateSize } = architecture;
  const shapes = Object.values(layerMatrices(architecture, part));
  const matrices = shapes.reduce((sum, { outputs, columns }) => sum + q4Bytes(outputs, columns), 0);
  const norms = leads ? layerNormSizes(architecture).reduce((sum, size) => sum + size * FLOAT_BYTES, 0) : 0;
  // Of 8-bit matrices, whichever they are, a part takes no more than its largest share of any.
  const share = Math.max(
    part.heads / numAttentionHeads,
    part.kvHeads / numKeyValueHeads,
    part.columns / intermediateSize,
  );
  const wider = layers
    .slice(firstLayer, firstLayer + layerCount)
    .reduce((sum, { data }) => sum + Math.max(0, sumBytes(data) - evenFileBytes(architecture)), 0);
  const finalNorm = leads?.finalNorm ? hiddenSize * FLOAT_BYTES : 0;
  const weights = layerCount * (matrices + norms) + Math.ceil(share * wider) + finalNorm;
  const window = kvWindow(architecture);
  const pools = poolSizes({
    kvTokens: sessions * Math.ceil(contextTokens / PAGE_TOKENS) * PAGE_TOKENS,
    kvWindowTokens,
    contextTokens: architecture.maxPositionEmbeddings,
    window,
    maxRows: chunkRows,
  });
  const attention = architecture.attention.slice(firstLayer, firstLayer + layerCount);
  const windowed = attention.filter((layer) => forgets(layer, window)).length;
  const ofPools = (bytes: (pool: PoolSize, layers: number) => number) =>
    [[pools.all, layerCount - windowed] as const, [pools.window, windowed] as const].reduce(
      (sum, [pool, layers]) => (pool === null || layers === 0 ? sum : sum + bytes(pool, layers)),
      0,
    );
  const tables = ofPools(poolTableBytes);
  const kv = ofPools(({ pages }, layers) => layers * pages * kvLayerBytes(part.kvHeads, headDim, kvBits));
  const queryWidth = part.heads * headDim;
  const keyWidth = part.kvHeads * headDim;
  // Alive throughout: the residual, and the place of a norm's row that later buffers are too wide for. Beside them at
  // the widest points: the quantised norm, or the gap it leaves, with queries, keys, values and what attention gives or
  // the normed queries; the quantised norm with gate and up; the gated row with its quantised form; a block's row that
  // is normed.
  const widest = Math.max(
    activationRowBytes(hiddenSize, 8) + (2 * queryWidth + 2 * keyWidth) * FLOAT_BYTES,
    activationRowBytes(hiddenSize, 8) + 2 * part.columns * FLOAT_BYTES,
    activationRowBytes(part.columns, 8) + part.columns * FLOAT_BYTES,
    hiddenSize * FLOAT_BYTES,
  );
  // Cosines and sines of a row's position, head_dim / 2 of each, for every rotary embedding of the model.
  const embeddings = new Set(architecture.attention.map(({ ropeTheta, ropeFactor }) => `${ropeTheta} ${ropeFactor}`));
  const rotary = embeddings.size * headDim * FLOAT_BYTES;
  // A split layer's rows lie in messages too: to the other parts, and back.
  const messages = layerParts === 1 ? 0 : 2 * layerParts * hiddenSize * FLOAT_BYTES;
  const rowBytes = 2 * hiddenSize * FLOAT_BYTES + widest + rotary + messages;
  const running = chunkRows * rowBytes + attentionScratchBytes(part.heads, headDim, kvBits);
  const loading = Math.max(...shapes.map(loadingBytes));
  return total({ weights, kv, scratch: Math.max(running + tables, loading) + MEMORY_ROUNDING_BYTES });
}

/** What the files of a layer take whose matrices are all in 4 bits. */
function evenFileBytes(architecture: Architecture): number {
  const matrices = Object.values(layerMatrices(architecture)).reduce((sum, { outputs, columns }) => {
    const weights = outputs * columns;
    return sum + align((weights * 2) / BLOCK) + align(weights / 2);
  }, 0);
  return layerNormSizes(architecture).reduce((sum, size) => sum + align(size * FLOAT_BYTES), matrices);
}

/** Bytes of an isolate that holds these files of the table, `rows` rows together. */
export function vocabularyBytes(
  { hiddenSize }: Architecture,
  files: readonly { readonly rows: number }[],
  rows: number,
  { chunkRows, logitRows }: { readonly chunkRows: number; readonly logitRows: number },
): IsolateBytes {
  const weights = files.reduce((sum, file) => sum + q8Bytes(file.rows, hiddenSize), 0);
  const running =
    chunkRows * (2 * hiddenSize * FLOAT_BYTES + activationRowBytes(hiddenSize, 8)) + logitRows * rows * FLOAT_BYTES;
  const loading = Math.max(...files.map((file) => loadingBytes({ outputs: file.rows, columns: hiddenSize })));
  return total({ weights, kv: 0, scratch: Math.max(running, loading) + MEMORY_ROUNDING_BYTES });
}

/** What loading a matrix needs beside its place: all its fp16 scales and some rows as they come. */
const loadingBytes = ({ outputs, columns }: MatrixShape) => (outputs * columns * 2) / BLOCK + ROW_STAGING_BYTES;

const total = (bytes: Omit<IsolateBytes, "total">): IsolateBytes => ({
  ...bytes,
  total: JS_HEAP_BYTES + WASM_CODE_BYTES + bytes.weights + bytes.kv + bytes.scratch,
});
