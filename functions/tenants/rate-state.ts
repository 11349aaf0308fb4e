import { MINUTE_MS } from "./meter.ts";
import type { Payer } from "./payer.ts";
import type { Allowance, RateState } from "./reservation.ts";
import { dayOf, untilNextDayMs } from "./utc-day.ts";

const DAY_MS = 86_400_000;

/** What is left of the minute and the day, for the tenant and for a key with limits of its own. */
export function rateState(payers: readonly Payer[], nowMs: number): RateState {
  const allowances = payers.flatMap((payer) => allowancesOf(payer, nowMs));
  const least = (unit: Allowance["unit"]) =>
    allowances
      .filter((allowance) => allowance.windowMs === MINUTE_MS && allowance.unit === unit)
      .reduce((tightest, other) => (other.remaining < tightest.remaining ? other : tightest));
  const [requests, tokens] = [least("requests"), least("tokens")];
  return {
    limitRequests: requests.limit,
    limitTokens: tokens.limit,
    remainingRequests: requests.remaining,
    remainingTokens: tokens.remaining,
    resetRequestsMs: requests.resetMs,
    resetTokensMs: tokens.resetMs,
    allowances,
  };
}

function allowancesOf({ who, limits, meter, spent }: Payer, nowMs: number): Allowance[] {
  const { requestsPerMinute, tokensPerMinute, tokensPerDay } = limits;
  const minute = meter.window.usage(nowMs);
  const resetsMs = meter.window.resetsMs(nowMs);
  const today = spent.tokens + meter.reservedTokens(dayOf(nowMs));
  const named = (name: string) => (who === "key" ? `key-${name}` : name);
  const allowance = (
    name: string,
    unit: Allowance["unit"],
    windowMs: number,
    limit: number | null,
    used: number,
    resetMs: number,
  ): Allowance[] =>
    limit === null ? [] : [{ name: named(name), unit, windowMs, limit, remaining: Math.max(0, limit - used), resetMs }];
  return [
    ...allowance("requests", "requests", MINUTE_MS, requestsPerMinute, minute.requests, resetsMs.requests),
    ...allowance("tokens", "tokens", MINUTE_MS, tokensPerMinute, minute.tokens, resetsMs.tokens),
    ...allowance("day", "tokens", DAY_MS, tokensPerDay, today, untilNextDayMs(nowMs)),
  ];
}
