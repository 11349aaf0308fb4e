import type { Alert } from "./alerts.ts";
import type { LimitRaise } from "./effective-limits.ts";
import type { LimitChanges, TenantLimits } from "./limits.ts";
import type { RefusalRow, UsageRow } from "./usage-book.ts";

/** Names that a tenant's requests may give a model, and the model's own. */
export type ModelAliases = Readonly<Record<string, string>>;

/** What an operator sets of a tenant; what is left out stays. */
export interface TenantChanges {
  readonly limits?: LimitChanges;
  /** A blocked tenant's keys are answered 403. */
  readonly blocked?: boolean;
  /** In the place of a raise that lasts; null ends it. */
  readonly raise?: LimitRaise | null;
  /** All of them: those left out are gone. */
  readonly aliases?: ModelAliases;
}

/** What is held now, against the limits of the same kind; what running generations have reserved is counted. */
export interface Holdings {
  readonly requestsThisMinute: number;
  readonly tokensThisMinute: number;
  readonly tokensToday: number;
  readonly microsThisMonth: number;
  readonly running: number;
}

/** A tenant as its ledger has it: plain values for RPC. */
export interface TenantRecord {
  readonly limits: TenantLimits;
  /** null: none, or not any more. */
  readonly raise: LimitRaise | null;
  readonly blocked: boolean;
  readonly aliases: ModelAliases;
  readonly createdMs: number;
  readonly now: Holdings;
  readonly alerts: readonly Alert[];
}

export interface UsageReport {
  readonly usage: readonly UsageRow[];
  readonly refusals: readonly RefusalRow[];
}
