import { InferenceError } from "../../runtime/errors.ts";
import { JS_HEAP_BYTES, WASM_CODE_BYTES } from "../../weights/plan-memory.ts";

/** Cloudflare's limit of an isolate, JavaScript and WASM together. */
const ISOLATE_BYTES = 128e6;
/** What is left for the WASM memory of a part. */
export const MAX_PART_BYTES = ISOLATE_BYTES - JS_HEAP_BYTES - WASM_CODE_BYTES;

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

/**
 * InferenceError unsupported when a part would not fit an isolate of its own, which is what production gives it. A local
 * workerd holds all parts of a script in one isolate and limits none.
 */
export function checkPartMemory(part: string, memoryBytes: number): void {
  if (memoryBytes <= MAX_PART_BYTES) return;
  throw new InferenceError(
    "unsupported",
    `${part} takes ${megabytes(memoryBytes)} of WASM memory, an isolate has room for ${megabytes(MAX_PART_BYTES)}: ` +
      "cut the model into more parts (LAPIDARY_STAGES, LAPIDARY_LAYER_PARTS, LAPIDARY_VOCABULARY_SHARDS) or lower LAPIDARY_KV_TOKENS",
  );
}
