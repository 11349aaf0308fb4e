import type { Engine } from "../../runtime/engine.ts";
import { parameterCount } from "../../weights/families/shapes.ts";
import { kvWindow } from "../../weights/kv-window.ts";
import { splitLayer } from "../../weights/layer-parts.ts";
import type { Manifest } from "../../weights/manifest.ts";
import { splitLayers, splitTable } from "../../weights/plan.ts";
import type { PipelineSettings } from "../settings.ts";
import { type FaultPlace, PROTOCOL_VERSION } from "./frame.ts";
import { bytesToHex } from "./hex.ts";
import { rowLimitMs } from "./time-limit.ts";

export interface StageRange {
  readonly firstLayer: number;
  readonly layerCount: number;
}

export interface TableRange {
  /** Of the manifest's table shards. */
  readonly firstShard: number;
  readonly shardCount: number;
  /** Of the vocabulary. */
  readonly firstRow: number;
  readonly rows: number;
}

/** Which bits an engine computes: part of the hash that sessions are pinned to. */
export interface EngineIdentity {
  readonly name: Engine["name"];
  readonly version: string;
  readonly activations: Engine["activations"];
  readonly kvBits: Engine["kvBits"];
}

/** How one model is cut over objects, and what each of them may hold. */
export interface Topology {
  /** SHA-256 in hex. */
  readonly manifestHash: string;
  readonly engine: EngineIdentity;
  readonly hiddenSize: number;
  readonly stages: readonly StageRange[];
  readonly shards: readonly TableRange[];
  /** Objects that each layer is split over. */
  readonly layerParts: number;
  /** Of each stage. */
  readonly replicas: number;
  /** What a row may take on its way through every part. */
  readonly rowLimitMs: number;
  /** The most rows of a frame. */
  readonly chunkRows: number;
  /** KV cache of each stage's replica. */
  readonly kvTokens: number;
  /** The same of layers with a window. */
  readonly kvWindowTokens: number;
  /** Keys that rows see in those; null where all layers see, or the engine keeps, all of them. */
  readonly window: number | null;
  /** The most of either that may hold prefixes without a session. */
  readonly prefixTokens: number;
  readonly maxSessions: number;
  /** By how much messages of the ring are held back, to imitate production. */
  readonly hopMs: number;
  /** Refuse what only production would. */
  readonly strict: boolean;
}

/** Cuts `manifest` as the settings say; InferenceError unsupported when it cannot be cut so. */
export function planTopology(
  manifest: Manifest,
  manifestHash: string,
  engine: EngineIdentity,
  settings: PipelineSettings,
): Topology {
  const { layerParts, replicas, chunkRows, kvTokens, kvWindowTokens, prefixTokens, maxSessions, hopMs, strict } =
    settings;
  return {
    manifestHash,
    engine: { name: engine.name, version: engine.version, activations: engine.activations, kvBits: engine.kvBits },
    hiddenSize: manifest.architecture.hiddenSize,
    stages: splitLayers(manifest.layers.length, settings.stages),
    shards: splitTable(manifest, settings.vocabularyShards).map(({ firstShard, shardCount }) => ({
      firstShard,
      shardCount,
      firstRow: manifest.table.shards[firstShard]!.firstRow,
      rows: manifest.table.shards.slice(firstShard, firstShard + shardCount).reduce((sum, { rows }) => sum + rows, 0),
    })),
    // Whether they can be split so.
    layerParts: splitLayer(manifest.architecture, layerParts).length,
    rowLimitMs: rowLimitMs(parameterCount(manifest.architecture)),
    replicas,
    chunkRows,
    kvTokens,
    kvWindowTokens,
    // The ort engine gives nothing back, and holds what is shared once for each session.
    window: engine.name === "simd" ? kvWindow(manifest.architecture) : null,
    prefixTokens: engine.name === "simd" ? prefixTokens : 0,
    maxSessions,
    hopMs,
    strict,
  };
}

/** The places of a stage's helpers, parts 1 … layerParts − 1. */
export const helperPlaces = (
  { layerParts }: Pick<Topology, "layerParts">,
  stage: FaultPlace,
): (FaultPlace & { readonly part: number })[] =>
  Array.from({ length: layerParts - 1 }, (_, index) => ({ ...stage, part: index + 1 }));

/** SHA-256 in hex over all that decides a token's bits or a frame's meaning; every frame carries it. */
export async function hashPipeline({ manifestHash, engine, stages, layerParts, shards }: Topology): Promise<string> {
  const text = JSON.stringify([
    PROTOCOL_VERSION,
    manifestHash,
    [engine.name, engine.version, engine.activations, engine.kvBits],
    stages.map(({ firstLayer, layerCount }) => [firstLayer, layerCount]),
    layerParts,
    shards.map(({ firstShard, shardCount }) => [firstShard, shardCount]),
  ]);
  return bytesToHex(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
}
