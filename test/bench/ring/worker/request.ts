import type { GenerationRequest } from "../../../../runtime/generate.ts";
import type { Workload } from "../workload.ts";

/** A workload as the runtime is asked for it. */
export function requestOf({
  promptIds,
  tokens,
  temperature,
  topP,
  seed,
}: Workload): Omit<GenerationRequest, "stopIds" | "constraint"> {
  const sampling = { temperature, topK: 0, topP, minP: 0, seed: BigInt(seed) };
  return { promptIds, sampling, maxTokens: tokens, stop: [] };
}
