import type { LimitChanges, TenantLimits } from "./limits.ts";
import type { RefusalRow, UsageRow } from "./usage-book.ts";

/** What an operator sets of a tenant; what is left out stays. */
export interface TenantChanges {
  readonly limits?: LimitChanges;
  /** A blocked tenant's keys are answered 403. */
  readonly blocked?: boolean;
}

/** A tenant as its ledger has it: plain values for RPC. */
export interface TenantRecord {
  readonly limits: TenantLimits;
  readonly blocked: boolean;
  readonly createdMs: number;
  /** Against the limits of the same kind; what running generations have reserved is counted. */
  readonly now: {
    readonly requestsThisMinute: number;
    readonly tokensThisMinute: number;
    readonly tokensToday: number;
    readonly running: number;
  };
}

export interface UsageReport {
  readonly usage: readonly UsageRow[];
  readonly refusals: readonly RefusalRow[];
}
