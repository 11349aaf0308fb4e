import type { Manifest } from "../weights/manifest.ts";
import { planModel } from "../weights/plan.ts";
import type { Engine } from "./engine.ts";

/** A WASM memory addresses 4 GiB; below it is room for what a plan does not count, 16-bit activations among it. */
const MEMORY_BYTES = 3.5e9;

/** What every stage of a model in one process has to hold. */
export interface LocalLoad {
  /** Over all sessions. */
  readonly kvTokens: number;
  readonly maxRows: number;
  readonly layerParts: number;
  readonly kvBits: Engine["kvBits"];
}

/**
 * Layers of each stage in turn: as few stages as their WASM memories allow, since every cut gives the same bits. One for
 * most models; two for a whole Gemma 7B.
 */
export function fewestStages(manifest: Manifest, { kvTokens, maxRows, layerParts, kvBits }: LocalLoad): number[] {
  const contextTokens = Math.min(kvTokens, manifest.architecture.maxPositionEmbeddings);
  const { stages } = planModel(manifest, {
    budgetBytes: MEMORY_BYTES,
    contextTokens,
    sessions: Math.ceil(kvTokens / contextTokens),
    chunkRows: maxRows,
    kvBits,
    layerParts,
  });
  return stages.map(({ layerCount }) => layerCount);
}
