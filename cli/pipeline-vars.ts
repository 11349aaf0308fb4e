import type { Plan } from "../weights/plan.ts";

/** The Worker's variables that cut a model as planned and give its stages room for `kvTokens`. */
export function pipelineVars(plan: Plan, kvTokens: number, chunkRows: number): Record<string, string> {
  return {
    LAPIDARY_STAGES: String(plan.stages.length),
    LAPIDARY_LAYER_PARTS: String(plan.layerParts),
    LAPIDARY_VOCABULARY_SHARDS: String(plan.vocabularyShards.length),
    LAPIDARY_KV_TOKENS: String(kvTokens),
    LAPIDARY_CHUNK_ROWS: String(chunkRows),
  };
}
