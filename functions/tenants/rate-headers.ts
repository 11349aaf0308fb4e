import type { Refusal } from "./first-limit.ts";
import type { LimitKind, RateState } from "./reservation.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** SDKs sleep for as long as they are told; beyond this a caller is better served by the error. */
const MAX_RETRY_WAIT_MS = 60_000;

/** OpenAI's x-ratelimit headers, and the same (and the day) in the IETF's. Resets are the time until all is free again. */
export function rateHeaders(rates: RateState): Record<string, string> {
  return {
    "x-ratelimit-limit-requests": String(rates.limitRequests),
    "x-ratelimit-limit-tokens": String(rates.limitTokens),
    "x-ratelimit-remaining-requests": String(rates.remainingRequests),
    "x-ratelimit-remaining-tokens": String(rates.remainingTokens),
    "x-ratelimit-reset-requests": goDuration(rates.resetRequestsMs),
    "x-ratelimit-reset-tokens": goDuration(rates.resetTokensMs),
    ...ietfHeaders(rates),
  };
}

/** draft-ietf-httpapi-ratelimit-headers: policies with quota, unit and window; of each what remains and when it is full. */
function ietfHeaders(rates: RateState): Record<string, string> {
  const { limitRequests, limitTokens, remainingRequests, remainingTokens, resetRequestsMs, resetTokensMs, day } = rates;
  const seconds = (ms: number) => Math.ceil(ms / 1000);
  const policies = [`"requests";q=${limitRequests};w=60`, `"tokens";q=${limitTokens};qu="tokens";w=60`];
  const states = [
    `"requests";r=${remainingRequests};t=${seconds(resetRequestsMs)}`,
    `"tokens";r=${remainingTokens};t=${seconds(resetTokensMs)}`,
  ];
  if (day) {
    policies.push(`"day";q=${day.limitTokens};qu="tokens";w=86400`);
    states.push(`"day";r=${day.remainingTokens};t=${seconds(day.resetMs)}`);
  }
  return { "ratelimit-policy": policies.join(", "), ratelimit: states.join(", ") };
}

/** When to try again: whole seconds for everyone (RFC 9110), exact milliseconds for the SDKs that read them. */
export function retryHeaders(retryAfterMs: number): Record<string, string> {
  const wait = {
    "retry-after": String(Math.ceil(retryAfterMs / 1000)),
    "retry-after-ms": String(Math.ceil(retryAfterMs)),
  };
  return retryAfterMs > MAX_RETRY_WAIT_MS ? { ...wait, "x-should-retry": "false" } : wait;
}

const LIMIT_WORDS: Readonly<Record<LimitKind, string>> = {
  requests: "requests per minute",
  tokens: "tokens per minute",
  concurrency: "requests at the same time",
  day: "tokens per day, which running requests hold",
  quota: "tokens per day (UTC)",
};

/** The sentence of a 429, as OpenAI words it, since clients search it for the seconds. */
export function limitMessage({ kind, limit, remaining, retryAfterMs }: Refusal): string {
  const reached = kind === "quota" ? "You exceeded your current quota" : "Rate limit reached";
  const wait = goDuration(Math.ceil(retryAfterMs));
  return `${reached}: ${limit} ${LIMIT_WORDS[kind]}, ${remaining} left. Please try again in ${wait}.`;
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
