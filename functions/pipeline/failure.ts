import { InferenceError, type InferenceErrorCode } from "../../runtime/errors.ts";
import { WeightsError } from "../../weights/errors.ts";
import type { GenerationFailure } from "./generation-call.ts";

/** When a request that found no room, or lost its route, may well find another. */
const RETRY_AFTER_MS = 1000;
const PASSING: readonly InferenceErrorCode[] = ["out_of_capacity", "stage_lost", "timed_out"];

/** An error as plain values for RPC and event streams. A missing or wrong file is a bad shard, anything unknown a bug. */
export function toFailure(error: unknown): GenerationFailure {
  if (error instanceof InferenceError) {
    const { code, message } = error;
    return PASSING.includes(code) ? { code, message, retryAfterMs: RETRY_AFTER_MS } : { code, message };
  }
  if (error instanceof WeightsError) return { code: "bad_shard", message: error.message };
  return { code: "internal", message: error instanceof Error ? error.message : String(error) };
}

export function toInferenceError({ code, message }: GenerationFailure): InferenceError {
  return new InferenceError(code, message);
}

/** An error thrown by a call to another object: whatever it says, the object could not be reached or broke. */
export function asLost(cause: unknown, peer: string): InferenceError {
  if (cause instanceof InferenceError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new InferenceError("stage_lost", `${peer} was lost: ${why}`, { cause });
}
