import { InferenceError } from "../../runtime/errors.ts";

/** Cloudflare refuses calls between objects that nest deeper; a local workerd would let them pass. */
export const MAX_CALL_DEPTH = 16;
/** client → gateway → conductor → part */
export const JOIN_DEPTH = 3;

/** InferenceError unsupported when a call is nested deeper than production allows. */
export function checkCallDepth(depth: number, what: string): void {
  if (depth <= MAX_CALL_DEPTH) return;
  throw new InferenceError(
    "unsupported",
    `${what} is a call nested ${depth} deep, Cloudflare allows ${MAX_CALL_DEPTH}: pass messages over links instead`,
  );
}
