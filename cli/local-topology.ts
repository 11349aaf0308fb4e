import type { Manifest } from "../weights/manifest.ts";
import { type Plan, planModel } from "../weights/plan.ts";
import { pipelineVars } from "./pipeline-vars.ts";

/** An isolate has 128 MB; this leaves room for what the plan does not count. */
export const LOCAL_BUDGET_BYTES = 100e6;
/** Long enough for most tries on a laptop, short enough that a 2B layer keeps room for its KV cache. */
const LOCAL_CONTEXT_TOKENS = 8192;
/** Rows of a frame; the fewer where they spare every layer a part, and with it every token's wait for that. */
const LOCAL_CHUNK_ROWS = [64, 32];
/** Sessions at once whose windows have room: many short ones share the KV tokens of a long one. */
const LOCAL_WINDOW_SESSIONS = 8;
/** Small models are cut all the same, so that what runs locally is a pipeline. */
const FEWEST_STAGES = 3;
const FEWEST_VOCABULARY_SHARDS = 2;
/** Of stages and of vocabulary shards. */
const PARTS_PER_PROCESS = 2;

/** How a model is served on this machine: the plan, and the Worker's variables that make it so. */
export interface LocalTopology {
  readonly plan: Plan;
  readonly vars: Readonly<Record<string, string>>;
}

/**
 * Plans `manifest` for local isolates as for production, with enough parts to give each of `processes` about the same work;
 * throws when a part does not fit.
 */
export function localTopology(manifest: Manifest, processes = 1): LocalTopology {
  const { layers, table, architecture } = manifest;
  const contextTokens = Math.min(LOCAL_CONTEXT_TOKENS, architecture.maxPositionEmbeddings);
  const options = {
    budgetBytes: LOCAL_BUDGET_BYTES,
    contextTokens,
    sessions: 1,
    windowSessions: LOCAL_WINDOW_SESSIONS,
  };
  const cuts = LOCAL_CHUNK_ROWS.map((chunkRows) => ({ chunkRows, ...planModel(manifest, { ...options, chunkRows }) }));
  const fewest = cuts.reduce((best, cut) => (cut.layerParts < best.layerParts ? cut : best));
  const { chunkRows, layerParts } = fewest;
  const plan = planModel(manifest, {
    ...options,
    chunkRows,
    layerParts,
    stages: Math.min(layers.length, Math.max(FEWEST_STAGES, PARTS_PER_PROCESS * processes, fewest.stages.length)),
    vocabularyShards: Math.min(
      table.shards.length,
      Math.max(FEWEST_VOCABULARY_SHARDS, PARTS_PER_PROCESS * processes, fewest.vocabularyShards.length),
    ),
  });
  if (plan.problems.length > 0) throw new Error(`${manifest.name} does not fit isolates: ${plan.problems.join("; ")}`);
  return { plan, vars: pipelineVars(plan, contextTokens, chunkRows) };
}
