import type { KeyLimits } from "./limits.ts";
import type { Meter } from "./meter.ts";
import type { Holdings } from "./tenant-record.ts";
import { dayOf, monthOf } from "./utc-day.ts";

/** What settled requests took. */
export interface Spent {
  /** Of the UTC day. */
  readonly tokens: number;
  /** Of the UTC month. */
  readonly micros: number;
}

/** One of the two whose limits a request must fit, the tenant and the key: what it may take, holds and has spent. */
export interface Payer {
  readonly who: "tenant" | "key";
  /** null: no limit of that kind. */
  readonly limits: Pick<
    KeyLimits,
    "requestsPerMinute" | "tokensPerMinute" | "tokensPerDay" | "budgetMicrosPerMonth" | "concurrency"
  >;
  readonly meter: Meter;
  readonly spent: Spent;
}

/** What a payer holds and has spent, as an operator sees it. */
export function holdings({ meter, spent }: Payer, nowMs: number): Holdings {
  const { requests, tokens } = meter.window.usage(nowMs);
  return {
    requestsThisMinute: requests,
    tokensThisMinute: tokens,
    tokensToday: spent.tokens + meter.reservedTokens(dayOf(nowMs)),
    microsThisMonth: spent.micros + meter.reservedMicros(monthOf(nowMs)),
    running: meter.running,
  };
}

/** What settled requests have left of day and month, to the payer who has least; Infinity where nobody has a limit. */
export function leastLeft(payers: readonly Payer[]): Spent {
  const least = (leftOf: (payer: Payer) => number) => Math.min(...payers.map(leftOf));
  return {
    tokens: least(({ limits, spent }) => (limits.tokensPerDay ?? Number.POSITIVE_INFINITY) - spent.tokens),
    micros: least(({ limits, spent }) => (limits.budgetMicrosPerMonth ?? Number.POSITIVE_INFINITY) - spent.micros),
  };
}
