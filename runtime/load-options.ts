import type { LayerStageOptions, VocabularyOptions } from "./engine.ts";
import { InferenceError } from "./errors.ts";
import type { StageHelperOptions } from "./stage-helper.ts";

/** Rows one call may carry; a larger prompt comes in chunks. */
export const MAX_ROWS = 4096;
/** KV tokens a stage may plan for, over all its sessions. */
export const MAX_KV_TOKENS = 1 << 24;

export { MAX_SESSIONS } from "../weights/packed-sizes.ts";

/** Throws InferenceError unsupported when a stage's options are not within the manifest and the limits. */
export function checkLayerOptions(options: Omit<LayerStageOptions, "finalNorm">): void {
  checkRange("layers", options.firstLayer, options.layerCount, options.manifest.layers.length);
  checkCount("maxRows", options.maxRows, MAX_ROWS);
  checkCount("kvTokens", options.kvTokens, MAX_KV_TOKENS);
  if (options.kvWindowTokens !== undefined) checkCount("kvWindowTokens", options.kvWindowTokens, MAX_KV_TOKENS);
}

/** The same for a part of split layers. */
export function checkHelperOptions(options: StageHelperOptions): void {
  checkLayerOptions(options);
  const { part, parts } = options;
  if (!Number.isInteger(part) || part < 1 || part >= parts)
    throw new InferenceError("unsupported", `helper ${part} of layers in ${parts} parts, expected 1 … ${parts - 1}`);
}

/** The same for a vocabulary shard. */
export function checkVocabularyOptions(options: VocabularyOptions): void {
  checkRange("table shards", options.firstShard, options.shardCount, options.manifest.table.shards.length);
  checkCount("maxRows", options.maxRows, MAX_ROWS);
  if (options.maxLogitRows !== undefined) checkCount("maxLogitRows", options.maxLogitRows, MAX_ROWS);
}

function checkRange(what: string, first: number, count: number, total: number): void {
  if (!Number.isInteger(first) || !Number.isInteger(count) || first < 0 || count < 1 || first + count > total)
    throw new InferenceError("unsupported", `${what} ${first} … ${first + count - 1} are not among 0 … ${total - 1}`);
}

function checkCount(what: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new InferenceError("unsupported", `${what} is ${value}, expected 1 … ${most}`);
}
