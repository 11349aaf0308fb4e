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
/** The least of rowLimitMs: what a row takes beside its products. */
const ROW_FLOOR_MS = 100;
/** Multiply-adds of the slowest machine thought of; one core without neighbours does ten times as many. */
const PRODUCTS_PER_MS = 5e6;

/** Planned time of one row through a model of so many weights, all parts one after another. */
export const rowLimitMs = (weights: number) => Math.max(ROW_FLOOR_MS, Math.ceil(weights / PRODUCTS_PER_MS));

/** Time limit of a step that waits behind `rows` rows, its own included. */
export const stepLimitMs = (rows: number, rowMs: number) => STEP_FLOOR_MS + rowMs * rows;

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
