import type { Plan } from "../weights/plan.ts";

/** What --window-sessions means, where a model is planned. */
export const WINDOW_SESSIONS_HELP =
  "sessions a stage holds at once of layers with a window, however long (default: one more than --sessions)";

/** The Worker's variables that cut a model as planned and give its stages room for `kvTokens`. */
export function pipelineVars(plan: Plan, kvTokens: number, chunkRows: number): Record<string, string> {
  return {
    LAPIDARY_STAGES: String(plan.stages.length),
    LAPIDARY_LAYER_PARTS: String(plan.layerParts),
    LAPIDARY_VOCABULARY_SHARDS: String(plan.vocabularyShards.length),
    LAPIDARY_KV_TOKENS: String(kvTokens),
    LAPIDARY_KV_WINDOW_TOKENS: String(plan.kvWindowTokens),
    LAPIDARY_CHUNK_ROWS: String(chunkRows),
  };
}
