import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env.ts";
import { readPrices } from "../settings.ts";
import { Account } from "../tenants/account.ts";
import { raisedLimits } from "../tenants/effective-limits.ts";
import type { KeyRecord, KeyReport } from "../tenants/key-record.ts";
import { isLive, type KeyChanges, type NewKey } from "../tenants/key-ring.ts";
import type { LabelUsageRow } from "../tenants/label-usage.ts";
import { LEDGER_MIGRATIONS } from "../tenants/ledger-schema.ts";
import type { TenantLimits } from "../tenants/limits.ts";
import { migrate } from "../tenants/migrate.ts";
import type { TokensUsed } from "../tenants/price.ts";
import type { RenewAnswer, ReserveAnswer, ReserveCall } from "../tenants/reservation.ts";
import type { Holdings, ModelAliases, TenantChanges, TenantRecord, UsageReport } from "../tenants/tenant-record.ts";
import type { UsageTotals } from "../tenants/usage-book.ts";

/** What metrics show of a tenant: sums that only grow, and its limits with what it holds of them. */
export interface LedgerTotals extends UsageTotals {
  /** With a raise that lasts. */
  readonly limits: TenantLimits;
  readonly now: Holdings;
}

/**
 * One tenant's account behind RPC. Between a check and what it allows nothing awaits, so any number of concurrent requests
 * are counted exactly. SQLite holds what memory holds, for the next incarnation.
 */
export class Ledger extends DurableObject<Env> {
  #account!: Account;
  #nowMs = 0;
  #alarmAtMs = Number.POSITIVE_INFINITY;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#restore();
  }

  /** Creates the tenant; undefined when it is there already. */
  create(changes: TenantChanges): TenantRecord | undefined {
    const { tenant } = this.#account;
    if (tenant.set) return undefined;
    tenant.create(this.#clock(), changes);
    return this.describe();
  }

  /** Changes the tenant, from the next request on; undefined when there is none. */
  change(changes: TenantChanges): TenantRecord | undefined {
    this.#account.tenant.change(changes);
    return this.describe();
  }

  /** The tenant as it is now; undefined when there is none. */
  describe(): TenantRecord | undefined {
    return this.#account.describe(this.#clock());
  }

  /** The names that the tenant's requests may give a model. */
  aliases(): ModelAliases {
    return this.#account.tenant.set?.aliases ?? {};
  }

  /** Forgets the tenant with everything it had; its keys let nobody in from now on. */
  async destroy(): Promise<void> {
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    this.#alarmAtMs = Number.POSITIVE_INFINITY;
    this.#restore();
  }

  listKeys(): KeyReport[] {
    return this.#account.keys.list().map((key) => this.#report(key));
  }

  /** A key with what it holds now; undefined when no key has this secret. */
  describeKey(secretSha256: string): KeyReport | undefined {
    const key = this.#account.keys.find(secretSha256);
    return key && this.#report(key);
  }

  /** Lets a key in; undefined when the tenant holds as many working keys as it may, or is not there. */
  addKey(key: NewKey): KeyReport | undefined {
    const added = this.#account.tenant.set && this.#account.keys.add(key, this.#clock());
    return added && this.#report(added);
  }

  /** Changes a key, from its next request on; undefined when there is none with this id. */
  changeKey(id: string, changes: KeyChanges): KeyReport | undefined {
    const changed = this.#account.keys.change(id, changes);
    return changed && this.#report(changed);
  }

  /** Ends a key at once; undefined when there is none with this id. */
  revokeKey(id: string): KeyReport | undefined {
    const revoked = this.#account.keys.revoke(id, this.#clock());
    return revoked && this.#report(revoked);
  }

  /**
   * Puts a new key in the place of a working one, which lets in for `graceMs` more; limits and what was spent go over.
   * "missing" when no working key has this id, "full" when the tenant holds as many as it may.
   */
  rotateKey(id: string, secretSha256: string, graceMs: number): KeyReport | "missing" | "full" {
    const nowMs = this.#clock();
    const old = this.#account.keys.withId(id);
    if (!old || !isLive(old, nowMs)) return "missing";
    const { label, expiresMs, limits } = old;
    const added = this.#account.keys.add({ secretSha256, label, expiresMs, limits }, nowMs, old);
    if (!added) return "full";
    this.#account.keys.change(id, { expiresMs: Math.min(nowMs + graceMs, expiresMs ?? Number.POSITIVE_INFINITY) });
    return this.#report(added);
  }

  /** Usage and refusals of the UTC days from `from` to `to`, both counted. */
  usage(from: string, to: string): UsageReport {
    return { usage: this.#account.usage.usage(from, to), refusals: this.#account.usage.refusals(from, to) };
  }

  /** Usage of the same days by whom requests were for, or by what their `metadata` said. */
  usageByLabel(of: "users" | "metadata", from: string, to: string): readonly LabelUsageRow[] {
    return this.#account.labels.rows(of, from, to);
  }

  /** undefined when there is no tenant. */
  totals(): LedgerTotals | undefined {
    const record = this.describe();
    if (!record) return undefined;
    const limits = record.raise ? raisedLimits(record.limits, record.raise) : record.limits;
    return { ...this.#account.usage.totals(), limits, now: record.now };
  }

  /** Admits one request: takes its request, tokens and place, or nothing at all. */
  reserve(call: ReserveCall): ReserveAnswer {
    const nowMs = this.#clock();
    const answer = this.#account.reserve(call, nowMs);
    // Nothing of a key that is none is written down.
    if (answer.outcome !== "unknown_key") this.#schedule(nowMs);
    return answer;
  }

  /**
   * Ends a lease at what its sequence really took; the rest is free again. Only the first settlement of one counts. A kept
   * generation that may go on is settled at what it took until now, over all its leases, and is not `done`.
   */
  settle(leaseId: string, used: TokensUsed, done = true): void {
    this.#account.settle(leaseId, used, done, this.#clock());
  }

  /** A sequence of a request runs still: none of the request's leases runs out for a while. */
  hold(leaseId: string): void {
    this.#account.hold(leaseId, this.#clock());
  }

  /** A lease for the rest of a kept sequence that goes on: the one it has, or another for what was not charged yet. */
  renew(reservationId: string): RenewAnswer {
    const nowMs = this.#clock();
    const answer = this.#account.renew(reservationId, nowMs);
    this.#schedule(nowMs);
    return answer;
  }

  /** Nobody can ask for a kept generation any more; what still holds a place gives it back, and is not charged. */
  cancelKept(reservationId: string): void {
    this.#account.cancelKept(reservationId, this.#clock());
  }

  /** Frees what was never settled, forgets what left the window, and writes down refusals. */
  override alarm(): void {
    this.#alarmAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock();
    this.#account.expire(nowMs);
    this.#account.usage.flushRefusals();
    const keptUntilMs = this.#account.kept.forget(nowMs);
    if (this.#account.admissions.forget(nowMs)) this.#schedule(nowMs);
    else if (Number.isFinite(keptUntilMs)) this.#wakeAt(keptUntilMs);
  }

  #report(key: KeyRecord): KeyReport {
    return this.#account.report(key, this.#clock());
  }

  #schedule(nowMs: number): void {
    this.#wakeAt(this.#account.admissions.nextMs(nowMs));
  }

  #wakeAt(atMs: number): void {
    if (atMs >= this.#alarmAtMs) return;
    this.#alarmAtMs = atMs;
    this.ctx.storage.setAlarm(atMs);
  }

  /** Never goes back: a clock set back would keep entries in the window for longer than a minute. */
  #clock(): number {
    this.#nowMs = Math.max(this.#nowMs, Date.now());
    return this.#nowMs;
  }

  /** Sets no alarm: in a constructor that would take the place of the very alarm that woke the object. */
  #restore(): void {
    migrate(this.ctx.storage, LEDGER_MIGRATIONS);
    this.#account = new Account(this.ctx.storage.sql, readPrices(this.env));
    this.#nowMs = this.#account.admissions.newestMs;
  }
}
