import { inCurrency } from "./price.ts";
import type { LimitKind, RateState, Refusal } from "./reservation.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** SDKs sleep for as long as they are told; beyond this a caller is better served by the error. */
const MAX_RETRY_WAIT_MS = 60_000;

/** OpenAI's x-ratelimit headers, and the same (with the day, and the key's own) in the IETF's. Resets are the time until all is free again. */
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
function ietfHeaders({ allowances }: RateState): Record<string, string> {
  const seconds = (ms: number) => Math.ceil(ms / 1000);
  const policies = allowances.map(({ name, unit, limit, windowMs }) => {
    // Requests are the draft's default unit.
    const quotaUnit = unit === "requests" ? "" : `;qu="${unit}"`;
    return `"${name}";q=${limit}${quotaUnit};w=${seconds(windowMs)}`;
  });
  const states = allowances.map(({ name, remaining, resetMs }) => `"${name}";r=${remaining};t=${seconds(resetMs)}`);
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
  month: "of budget per month, which running requests hold",
  quota: "tokens per day (UTC)",
  budget: "of budget per month (UTC)",
};

/** Only the next day or month helps. */
export const isUsedUp = (kind: LimitKind) => kind === "quota" || kind === "budget";

export const limitCode = (kind: LimitKind) => (isUsedUp(kind) ? "insufficient_quota" : "rate_limit_exceeded");

/** The type of a 429: OpenAI's kinds of limits, and concurrency. */
export function limitType(kind: LimitKind): string {
  if (isUsedUp(kind)) return limitCode(kind);
  return kind === "day" || kind === "month" ? "tokens" : kind;
}

/** The sentence of a 429, as OpenAI words it, since clients search it for the seconds. */
export function limitMessage({ who, kind, limit, remaining, retryAfterMs }: Refusal): string {
  const reached = isUsedUp(kind) ? "You exceeded your current quota" : "Rate limit reached";
  const [most, left] = kind === "budget" || kind === "month" ? [limit, remaining].map(inCurrency) : [limit, remaining];
  const whose = who === "key" ? " for this key" : "";
  const wait = goDuration(Math.ceil(retryAfterMs));
  return `${reached}${whose}: ${most} ${LIMIT_WORDS[kind]}, ${left} left. Please try again in ${wait}.`;
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
