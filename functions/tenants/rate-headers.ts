import type { LimitKind, RateState } from "./reservation.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** SDKs sleep for as long as they are told; beyond this a caller is better served by the error. */
const MAX_RETRY_WAIT_MS = 60_000;

/** OpenAI's x-ratelimit headers: what is left, and the time until all of it is free again. */
export function rateHeaders(rates: RateState): Record<string, string> {
  return {
    "x-ratelimit-limit-requests": String(rates.limitRequests),
    "x-ratelimit-limit-tokens": String(rates.limitTokens),
    "x-ratelimit-remaining-requests": String(rates.remainingRequests),
    "x-ratelimit-remaining-tokens": String(rates.remainingTokens),
    "x-ratelimit-reset-requests": goDuration(rates.resetRequestsMs),
    "x-ratelimit-reset-tokens": goDuration(rates.resetTokensMs),
  };
}

/** When to try again: whole seconds for everyone (RFC 9110), exact milliseconds for the SDKs that read them. */
export function retryHeaders(retryAfterMs: number): Record<string, string> {
  const wait = {
    "retry-after": String(Math.ceil(retryAfterMs / 1000)),
    "retry-after-ms": String(Math.ceil(retryAfterMs)),
  };
  return retryAfterMs > MAX_RETRY_WAIT_MS ? { ...wait, "x-should-retry": "false" } : wait;
}

/** The sentence of a 429, as OpenAI words it, since clients search it for the seconds. */
export function limitMessage(kind: LimitKind, limit: number, retryAfterMs: number): string {
  const what = kind === "concurrency" ? `${limit} requests at the same time` : `${limit} ${kind} per minute`;
  return `Rate limit reached: ${what}. Please try again in ${goDuration(Math.ceil(retryAfterMs))}.`;
}

/** A duration as Go prints it: 0s, 120ms, 1.2s, 6m0s, 1h0m0s. */
export function goDuration(durationMs: number): string {
  if (durationMs <= 0) return "0s";
  if (durationMs < 1000) return `${durationMs}ms`;
  const hours = Math.floor(durationMs / HOUR_MS);
  const minutes = Math.floor((durationMs % HOUR_MS) / MINUTE_MS);
  const seconds = `${(durationMs % MINUTE_MS) / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
