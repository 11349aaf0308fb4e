import type { Payer } from "./payer.ts";
import type { LimitKind, Refusal } from "./reservation.ts";
import { dayOf, monthOf, untilNextDayMs, untilNextMonthMs } from "./utc-day.ts";

/** Nobody knows when a running generation ends; this is when asking again is worth it. */
const RUNNING_RETRY_MS = 1000;

/** What one more request would take. */
export interface Taking {
  readonly tokens: number;
  readonly micros: number;
  /** 0: it generates nothing, and needs the minute's requests alone. */
  readonly sequences: number;
}

/**
 * The limit that one more request has to wait for longest, since it fits no sooner; undefined when it fits both the
 * tenant and the key now.
 */
export function firstLimit(payers: readonly Payer[], taking: Taking, nowMs: number): Refusal | undefined {
  const refusals = payers.flatMap((payer) => refusalsOf(payer, taking, nowMs));
  const longestMs = Math.max(...refusals.map(({ retryAfterMs }) => retryAfterMs));
  return refusals.find(({ retryAfterMs }) => retryAfterMs === longestMs);
}

function refusalsOf({ who, limits, meter, spent }: Payer, taking: Taking, nowMs: number): Refusal[] {
  const { tokens, micros, sequences } = taking;
  const { requestsPerMinute, tokensPerMinute, tokensPerDay, budgetMicrosPerMonth, concurrency } = limits;
  const refusals: Refusal[] = [];
  const check = (kind: LimitKind, limit: number | null, used: number, more: number, retryAfterMs: number) => {
    if (limit === null || used + more <= limit) return;
    refusals.push({ who, kind, limit, remaining: Math.max(0, limit - used), retryAfterMs });
  };
  const minute = meter.window.usage(nowMs);
  const noLimit = Number.POSITIVE_INFINITY;
  const perMinute = { requests: requestsPerMinute ?? noLimit, tokens: tokensPerMinute ?? noLimit };
  const waitsMs = meter.window.waitsMs(nowMs, perMinute, tokens);
  check("requests", requestsPerMinute, minute.requests, 1, waitsMs.requests);
  check("tokens", tokensPerMinute, minute.tokens, tokens, waitsMs.tokens);
  if (sequences === 0) return refusals;
  check("concurrency", concurrency, meter.running, sequences, RUNNING_RETRY_MS);
  // Only what has settled is gone for good: running generations may give some of theirs back.
  if (tokensPerDay !== null && spent.tokens + tokens > tokensPerDay)
    check("quota", tokensPerDay, spent.tokens, tokens, untilNextDayMs(nowMs));
  else check("day", tokensPerDay, spent.tokens + meter.reservedTokens(dayOf(nowMs)), tokens, RUNNING_RETRY_MS);
  if (budgetMicrosPerMonth !== null && spent.micros + micros > budgetMicrosPerMonth)
    check("budget", budgetMicrosPerMonth, spent.micros, micros, untilNextMonthMs(nowMs));
  else
    check("month", budgetMicrosPerMonth, spent.micros + meter.reservedMicros(monthOf(nowMs)), micros, RUNNING_RETRY_MS);
  return refusals;
}
