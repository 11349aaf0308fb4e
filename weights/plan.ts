import { WeightsError } from "./errors.ts";
import { layerWidths, splitEvenly } from "./layer-parts.ts";
import type { Manifest } from "./manifest.ts";
import type { KvBits } from "./packed-sizes.ts";
import { type IsolateBytes, type LayerRange, plannedWindowTokens, stageBytes, vocabularyBytes } from "./plan-memory.ts";
import { findProblems } from "./plan-problems.ts";

/** What vocabulary shards are asked for: the last rows of as many sessions. */
export const DEFAULT_LOGIT_ROWS = 8;
const DEFAULT_KV_BITS = 8;
/** Of a token's way beside the stages: a vocabulary shard and back for its row, and the same for its successor. */
const RING_HOPS = 4;
/** Of a split layer: twice to its other parts and back. */
const SPLIT_LAYER_HOPS = 4;

export interface PlanOptions {
  /** What one isolate may hold, everything together. */
  readonly budgetBytes: number;
  /** Tokens of KV cache a session. */
  readonly contextTokens: number;
  /** Sessions whose whole context a stage holds at once. */
  readonly sessions: number;
  /**
   * Sessions that a stage holds at once of layers with a window, however long; left out: one more, since shorter ones take
   * as much, and others begin with what ended ones leave.
   */
  readonly windowSessions?: number | undefined;
  /** The most rows a frame carries. */
  readonly chunkRows: number;
  /** The most rows a vocabulary shard computes logits of at once; 8 when left out. */
  readonly logitRows?: number | undefined;
  /** Bits of a number in the KV cache; 8 when left out. */
  readonly kvBits?: KvBits | undefined;
  /** Objects each layer is split over; left out: the fewest that fit. */
  readonly layerParts?: number | undefined;
  /** Left out: the fewest that fit. */
  readonly stages?: number | undefined;
  /** Left out: the fewest that fit. */
  readonly vocabularyShards?: number | undefined;
}

/** Entries firstShard … firstShard + shardCount − 1 of the manifest's table.shards. */
export interface TableRange {
  readonly firstShard: number;
  readonly shardCount: number;
}

/** A run of layers, and what each of the objects that share it holds. */
export interface StagePlan extends LayerRange {
  /** Of its fullest object. */
  readonly bytes: IsolateBytes;
  /** Of every part of its layers; the first leads. */
  readonly parts: readonly IsolateBytes[];
}

export interface Plan {
  /** Objects each layer is split over. */
  readonly layerParts: number;
  /** KV cache of each stage for layers with a window, over all sessions; 0 where the model has none. */
  readonly kvWindowTokens: number;
  readonly stages: readonly StagePlan[];
  readonly vocabularyShards: readonly (TableRange & { readonly rows: number; readonly bytes: IsolateBytes })[];
  readonly isolates: number;
  /** Messages a token waits for one after another, its embedding row and the answer included. */
  readonly hopsPerToken: number;
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

/**
 * Cuts a model into stages and vocabulary shards whose isolates stay within a budget. A plan that does not fit comes
 * back with its problems; WeightsError only when the numbers asked for make no sense with this model.
 */
export function planModel(manifest: Manifest, options: PlanOptions): Plan {
  const { architecture } = manifest;
  const { budgetBytes, contextTokens, chunkRows, logitRows = DEFAULT_LOGIT_ROWS } = options;
  if (contextTokens > architecture.maxPositionEmbeddings)
    throw new WeightsError(
      `a context of ${contextTokens} tokens was asked for, the model was made for ${architecture.maxPositionEmbeddings}`,
    );
  const fits = ({ bytes }: { bytes: IsolateBytes }) => bytes.total <= budgetBytes;

  const { sessions, windowSessions = sessions + 1 } = options;
  const kvWindowTokens = plannedWindowTokens(architecture, options, windowSessions);
  const { layerParts, stages } = planStages(manifest, options, kvWindowTokens);
  const vocabularyShards = fewest(options.vocabularyShards, manifest.table.shards.length, fits, (count) =>
    splitTable(manifest, count).map((range) => {
      const files = manifest.table.shards.slice(range.firstShard, range.firstShard + range.shardCount);
      const rows = files.reduce((sum, file) => sum + file.rows, 0);
      return { ...range, rows, bytes: vocabularyBytes(architecture, files, rows, { chunkRows, logitRows }) };
    }),
  );
  return {
    layerParts,
    kvWindowTokens,
    stages,
    vocabularyShards,
    isolates: stages.length * layerParts + vocabularyShards.length,
    hopsPerToken: RING_HOPS + stages.length + (layerParts > 1 ? SPLIT_LAYER_HOPS * manifest.layers.length : 0),
    problems: findProblems({ layerParts, stages, vocabularyShards }, options),
  };
}

/** Stages whose layers are split as asked for, or the least that fits; when no width does, the widest. */
function planStages(
  manifest: Manifest,
  options: PlanOptions,
  kvWindowTokens: number,
): Pick<Plan, "layerParts" | "stages"> {
  const { architecture, layers } = manifest;
  const { contextTokens, sessions, chunkRows, kvBits = DEFAULT_KV_BITS } = options;
  const fits = ({ bytes }: StagePlan) => bytes.total <= options.budgetBytes;
  const widths = options.layerParts === undefined ? layerWidths(architecture) : [options.layerParts];
  const plan = (layerParts: number) => {
    const load = { contextTokens, sessions, kvWindowTokens, chunkRows, kvBits, layerParts };
    const stages = fewest(options.stages, layers.length, fits, (count) =>
      splitLayers(layers.length, count).map((range, index): StagePlan => {
        const parts = stageBytes(manifest, range, index === count - 1, load);
        return { ...range, bytes: parts.reduce((most, bytes) => (bytes.total > most.total ? bytes : most)), parts };
      }),
    );
    return { layerParts, stages };
  };
  for (const layerParts of widths.slice(0, -1)) {
    const found = plan(layerParts);
    if (found.stages.every(fits)) return found;
  }
  return plan(widths.at(-1)!);
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
