import type { Manifest } from "../weights/manifest.ts";
import type { ModelSource } from "./model-source.ts";
import type { Selection, ShardSelection } from "./sampling/selection.ts";
import type { StageHelper, StageHelperOptions, StageHelpers } from "./stage-helper.ts";

/** Bits of a quantised activation: 8 (one byte, fast) or 16 (a high and a low byte, for checking). */
export type ActivationBits = 8 | 16;

/** Bits of a number in the KV cache: 8 (int8, a scale a token and head), 16 (float16) or 32 (float32). */
export type KvBits = 8 | 16 | 32;

export interface LayerStageOptions {
  readonly manifest: Manifest;
  readonly source: ModelSource;
  /** Layers first … first + count − 1 of the manifest. */
  readonly firstLayer: number;
  readonly layerCount: number;
  /** True for the last stage: `finalNormRows` is available there. */
  readonly finalNorm: boolean;
  /** Tokens of KV cache to plan for, over all sessions together. */
  readonly kvTokens: number;
  /** The same for layers with a window, of which a session keeps no more than weights/kv-window.ts says; else kvTokens. */
  readonly kvWindowTokens?: number;
  /** The most rows one `forward` may carry; sizes the scratch memory. */
  readonly maxRows: number;
  /** Present where each layer is split over `parts` objects: this stage is the first of them and leads the others. */
  readonly split?: { readonly parts: number; readonly helpers: StageHelpers };
}

/** Consecutive rows of one session inside a batch. */
export interface RowGroup {
  /** A slot from `openSession`. */
  readonly slot: number;
  /** Position of the first row; must equal the slot's length (or the caller truncates first). */
  readonly position: number;
  readonly rows: number;
}

/** A contiguous group of layers with the KV cache of its sessions. Not re-entrant: one call at a time. */
export interface LayerStage {
  /** Bytes of WASM (or JS) memory taken by weights, KV and scratch together. */
  readonly memoryBytes: number;
  /** KV tokens not taken by a session (in whole pages), of layers that see all tokens. */
  readonly freeKvTokens: number;
  /** The same of layers with a window; null where they take none of their own. */
  readonly freeKvWindowTokens: number | null;
  /** Takes a session slot with an empty KV cache; InferenceError out_of_capacity when none is left. */
  openSession(): number;
  /**
   * Takes a slot that begins with the first `tokens` tokens of `slot`, and shares their memory with it for as long as
   * neither writes there. InferenceError position_gap when `slot` holds fewer, or has left behind what a row at `tokens`
   * would see; out_of_capacity when no slot is left.
   */
  forkSession(slot: number, tokens: number): number;
  closeSession(slot: number): void;
  /** Tokens in the slot's KV cache. */
  sessionTokens(slot: number): number;
  /**
   * Forgets tokens from `tokens` on; a no-op when the slot is not longer than that. InferenceError position_gap when
   * windows have left behind what a row at `tokens` would see; forgetting all always works.
   */
  truncate(slot: number, tokens: number): void;
  /**
   * Runs all layers over `hidden` [rows of all groups, hiddenSize] and appends to the KV caches.
   * A row's result does not depend on the other rows of the call. Returns [rows, hiddenSize], valid until the next call.
   * InferenceError position_gap | out_of_capacity leaves every session as it was.
   */
  forward(groups: readonly RowGroup[], hidden: Float32Array): Promise<Float32Array>;
  /** The model's final norm over [rows, hiddenSize]; valid until the next call. Only where options.finalNorm was set. */
  finalNormRows(hidden: Float32Array): Promise<Float32Array>;
}

export interface VocabularyOptions {
  readonly manifest: Manifest;
  readonly source: ModelSource;
  /** table.shards first … first + count − 1 of the manifest. */
  readonly firstShard: number;
  readonly shardCount: number;
  /** The most ids of one `embed`. */
  readonly maxRows: number;
  /** The most rows of one `logits` (default maxRows); `select` takes more, in turns. Logits are large: keep it small. */
  readonly maxLogitRows?: number;
}

/** A range of rows of the tied table: embedding rows in, logits out. */
export interface VocabularyShard {
  readonly memoryBytes: number;
  readonly firstRow: number;
  readonly rows: number;
  /** Scaled embedding rows [ids.length, hiddenSize]; every id lies in this shard's range. Valid until the next call. */
  embed(ids: Uint32Array): Promise<Float32Array>;
  /** Logits [hidden rows, this shard's rows] of final-normed hidden rows; valid until the next call. */
  logits(hidden: Float32Array): Promise<Float32Array>;
  /** For each hidden row the answer to its selection, computed from its logits in this shard. */
  select(hidden: Float32Array, selections: readonly Selection[]): Promise<ShardSelection[]>;
}

/** Runs ONNX shards. `simd` and `ort` implement this. */
export interface Engine {
  readonly name: "simd" | "ort";
  /** Goes into the hash a session is pinned to: changes whenever a result's bits may change. */
  readonly version: string;
  /** 32: activations are not quantised at all (ort). */
  readonly activations: ActivationBits | 32;
  readonly kvBits: KvBits;
  loadLayers(options: LayerStageOptions): Promise<LayerStage>;
  /** Loads another part of a stage whose layers are split; InferenceError unsupported where an engine splits none. */
  loadHelper(options: StageHelperOptions): Promise<StageHelper>;
  loadVocabulary(options: VocabularyOptions): Promise<VocabularyShard>;
}
