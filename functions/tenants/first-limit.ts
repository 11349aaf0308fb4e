import type { TenantLimits } from "./limits.ts";
import type { LimitKind } from "./reservation.ts";
import type { SlidingWindow } from "./sliding-window.ts";
import { untilNextDayMs } from "./utc-day.ts";

/** Nobody knows when a running generation ends; this is when asking again is worth it. */
const RUNNING_RETRY_MS = 1000;

/** What a tenant's requests hold at a moment. */
export interface Held {
  readonly nowMs: number;
  readonly window: SlidingWindow;
  /** Sequences. */
  readonly running: number;
  /** Tokens of today's settled requests. */
  readonly settledToday: number;
  /** Tokens that today's running generations hold; settling may give some back. */
  readonly reservedToday: number;
}

export interface Refusal {
  readonly kind: LimitKind;
  readonly limit: number;
  readonly remaining: number;
  readonly retryAfterMs: number;
}

/**
 * The limit that one more request of `tokens` in `sequences` (0: it generates nothing) has to wait for, undefined when it
 * fits now.
 */
export function firstLimit(held: Held, limits: TenantLimits, tokens: number, sequences: number): Refusal | undefined {
  const { nowMs, window, running, settledToday, reservedToday } = held;
  const { requestsPerMinute, tokensPerMinute, tokensPerDay, concurrency } = limits;
  const refusal = (kind: LimitKind, limit: number, used: number, retryAfterMs: number): Refusal => ({
    kind,
    limit,
    remaining: Math.max(0, limit - used),
    retryAfterMs,
  });
  if (sequences > 0 && tokensPerDay !== null && settledToday + tokens > tokensPerDay)
    return refusal("quota", tokensPerDay, settledToday, untilNextDayMs(nowMs));
  const waits = window.waitsMs(nowMs, { requests: requestsPerMinute, tokens: tokensPerMinute }, tokens);
  const used = window.usage(nowMs);
  if (waits.tokens > waits.requests) return refusal("tokens", tokensPerMinute, used.tokens, waits.tokens);
  if (waits.requests > 0) return refusal("requests", requestsPerMinute, used.requests, waits.requests);
  if (sequences === 0) return undefined;
  if (running + sequences > concurrency) return refusal("concurrency", concurrency, running, RUNNING_RETRY_MS);
  const heldToday = settledToday + reservedToday;
  if (tokensPerDay !== null && heldToday + tokens > tokensPerDay)
    return refusal("day", tokensPerDay, heldToday, RUNNING_RETRY_MS);
  return undefined;
}
