import { InferenceError } from "../../runtime/errors.ts";

/** Loading a stage's weights for the first time: up to 100 MB through a cold cache. */
export const LOAD_LIMIT_MS = 120_000;
/** Opening a socket to an object that may have to start first. */
export const DIAL_LIMIT_MS = 10_000;
/** A part that joins may have to load, and then to open its links. */
export const JOIN_LIMIT_MS = LOAD_LIMIT_MS + 2 * DIAL_LIMIT_MS;
/** A part says how it is from memory. */
export const REPORT_LIMIT_MS = 2_000;
/** The least a step through the ring may take before it counts as lost. */
export const STEP_FLOOR_MS = 10_000;
/** Planned time of one row through every layer, on the slowest machine thought of. */
export const ROW_LIMIT_MS = 100;

/** Time limit of a step that waits behind `rows` rows, its own included. */
export const stepLimitMs = (rows: number) => STEP_FLOOR_MS + ROW_LIMIT_MS * rows;

/** Settles like `work`, or rejects with InferenceError timed_out after `limitMs`; `what` completes "… did not answer". */
export async function withTimeLimit<Value>(work: Promise<Value>, limitMs: number, what: string): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new InferenceError("timed_out", `${what} did not answer within ${limitMs} ms`)),
    limitMs,
  );
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
