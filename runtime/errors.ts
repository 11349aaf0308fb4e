/** What went wrong inside an engine or pipeline; the gateway maps each code to one HTTP answer. */
export type InferenceErrorCode =
  /** A shard's bytes or its hash are not what the manifest says. */
  | "bad_shard"
  /** A frame or object belongs to another model, engine or protocol version. */
  | "wrong_pipeline"
  /** Rows arrived for a position that does not follow the KV cache. */
  | "position_gap"
  /** No KV pages, session slots or WASM memory are left. */
  | "out_of_capacity"
  /** A peer did not answer within its time limit. */
  | "timed_out"
  /** A link or object vanished. */
  | "stage_lost"
  /** The request cannot be run by this model or engine. */
  | "unsupported"
  /** A bug: an invariant of ours does not hold. */
  | "internal";

/** The engine or pipeline is in a state in which the work cannot go on. */
export class InferenceError extends Error {
  override readonly name = "InferenceError";
  readonly code: InferenceErrorCode;

  constructor(code: InferenceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
