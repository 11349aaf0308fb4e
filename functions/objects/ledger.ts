import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env.ts";
import { Admissions } from "../tenants/admissions.ts";
import { firstLimit } from "../tenants/first-limit.ts";
import type { KeyRecord } from "../tenants/key-record.ts";
import { isLive, KeyRing, type NewKey } from "../tenants/key-ring.ts";
import { LEDGER_MIGRATIONS } from "../tenants/ledger-schema.ts";
import { DEFAULT_LIMITS, type LimitChanges, type TenantLimits, tenantLimitsSchema } from "../tenants/limits.ts";
import { migrate } from "../tenants/migrate.ts";
import {
  grantTokens,
  type RateState,
  type ReserveAnswer,
  type ReserveCall,
  sequenceReservation,
} from "../tenants/reservation.ts";
import type { TenantChanges, TenantRecord, UsageReport } from "../tenants/tenant-record.ts";
import { UsageBook, type UsageTotals } from "../tenants/usage-book.ts";
import { dayOf, untilNextDayMs } from "../tenants/utc-day.ts";

/**
 * One tenant's keys, limits, admissions and usage. Between a check and what it allows nothing awaits, so any number of
 * concurrent requests are counted exactly. SQLite holds what memory holds, for the next incarnation.
 */
export class Ledger extends DurableObject<Env> {
  #tenant: { limits: TenantLimits; blocked: boolean; createdMs: number } | undefined;
  #keys!: KeyRing;
  #admissions!: Admissions;
  #usage!: UsageBook;
  #nowMs = 0;
  #alarmAtMs = Number.POSITIVE_INFINITY;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#restore();
  }

  /** Creates the tenant; undefined when it is there already. */
  create({ limits = {}, blocked = false }: TenantChanges): TenantRecord | undefined {
    return this.#tenant ? undefined : this.#put({ ...DEFAULT_LIMITS, ...limits }, blocked);
  }

  /** Changes the tenant, from the next request on; undefined when there is none. */
  change({ limits, blocked }: TenantChanges): TenantRecord | undefined {
    if (!this.#tenant) return undefined;
    return this.#put({ ...this.#tenant.limits, ...limits }, blocked ?? this.#tenant.blocked);
  }

  /** The tenant as it is now; undefined when there is none. */
  describe(): TenantRecord | undefined {
    if (!this.#tenant) return undefined;
    const nowMs = this.#clock();
    this.#expire(nowMs);
    const { requests, tokens } = this.#admissions.window.usage(nowMs);
    const { running } = this.#admissions;
    const today = this.#usage.tokensOf(dayOf(nowMs)) + this.#reservedToday(nowMs);
    return {
      ...this.#tenant,
      now: { requestsThisMinute: requests, tokensThisMinute: tokens, tokensToday: today, running },
    };
  }

  /** Forgets the tenant with everything it had; its keys let nobody in from now on. */
  async destroy(): Promise<void> {
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    this.#tenant = undefined;
    this.#alarmAtMs = Number.POSITIVE_INFINITY;
    this.#restore();
  }

  listKeys(): KeyRecord[] {
    return this.#keys.list();
  }

  /** Lets a key in; undefined when the tenant holds as many working keys as it may, or is not there. */
  addKey(key: NewKey): KeyRecord | undefined {
    return this.#tenant && this.#keys.add(key, this.#clock());
  }

  /** Changes a key's label or expiry; undefined when there is none with this id. */
  changeKey(id: string, changes: Partial<Pick<KeyRecord, "label" | "expiresMs">>): KeyRecord | undefined {
    return this.#keys.change(id, changes);
  }

  /** Ends a key at once; undefined when there is none with this id. */
  revokeKey(id: string): KeyRecord | undefined {
    const key = this.#keys.list().find((known) => known.id === id);
    return key && this.#keys.change(id, { revokedMs: key.revokedMs ?? this.#clock() });
  }

  /**
   * Puts a new key in the place of a working one, which lets in for `graceMs` more. "missing" when no working key has
   * this id, "full" when the tenant holds as many as it may.
   */
  rotateKey(id: string, secretSha256: string, graceMs: number): KeyRecord | "missing" | "full" {
    const nowMs = this.#clock();
    const old = this.#keys.list().find((known) => known.id === id && isLive(known, nowMs));
    if (!old) return "missing";
    const added = this.#keys.add({ secretSha256, label: old.label, expiresMs: old.expiresMs }, nowMs, id);
    if (!added) return "full";
    this.#keys.change(id, { expiresMs: Math.min(nowMs + graceMs, old.expiresMs ?? Number.POSITIVE_INFINITY) });
    return added;
  }

  /** Usage and refusals of the UTC days from `from` to `to`, both counted. */
  usage(from: string, to: string): UsageReport {
    return { usage: this.#usage.usage(from, to), refusals: this.#usage.refusals(from, to) };
  }

  /** What metrics show of the tenant: sums that only grow, and generations that run; undefined when there is none. */
  totals(): (UsageTotals & { readonly running: number }) | undefined {
    return this.#tenant && { ...this.#usage.totals(), running: this.#admissions.running };
  }

  /** Admits one request: takes its request, tokens and place, or nothing at all. */
  reserve(call: ReserveCall): ReserveAnswer {
    const nowMs = this.#clock();
    const answer = this.#decide(call, nowMs);
    if (answer.outcome === "admitted" || answer.outcome === "unknown_key") return answer;
    this.#usage.refuse(nowMs, answer.outcome === "limited" ? answer.kind : answer.outcome);
    this.#schedule(nowMs);
    return answer;
  }

  /** Ends a reservation at what it really took; the rest is free again. Only the first settlement of one counts. */
  settle(reservationId: string, used: { promptTokens: number; completionTokens: number }): void {
    const lease = this.#admissions.lease(reservationId);
    if (!lease) return;
    const taken = used.promptTokens + used.completionTokens;
    if (!Number.isSafeInteger(taken) || Math.min(used.promptTokens, used.completionTokens) < 0)
      throw new RangeError("settle expects whole counts of tokens from 0 on");
    const promptTokens = Math.min(used.promptTokens, lease.promptTokens);
    const completionTokens = Math.min(used.completionTokens, lease.tokens - promptTokens);
    const { atMs, model, keyId, requests } = lease;
    this.#admissions.end(lease, promptTokens + completionTokens);
    this.#usage.add(atMs, { model, keyId, requests, promptTokens, completionTokens });
  }

  /** Frees what was never settled, forgets what left the window, and writes down refusals. */
  override alarm(): void {
    this.#alarmAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock();
    this.#expire(nowMs);
    this.#usage.flushRefusals();
    if (this.#admissions.forget(nowMs)) this.#schedule(nowMs);
  }

  #decide({ secretSha256, reservationId, generation }: ReserveCall, nowMs: number): ReserveAnswer {
    const key = this.#keys.find(secretSha256);
    if (!this.#tenant || !key || key.revokedMs !== null) return { outcome: "unknown_key" };
    const { limits, blocked } = this.#tenant;
    if (!isLive(key, nowMs)) return { outcome: "expired_key" };
    if (blocked) return { outcome: "blocked" };
    if (generation && limits.allowedModels?.includes(generation.model) === false)
      return { outcome: "model_not_allowed" };
    this.#expire(nowMs);

    const settledToday = this.#usage.tokensOf(dayOf(nowMs));
    const grant = generation ? grantTokens(generation, limits, settledToday) : { maxTokens: 0 };
    if ("reason" in grant) return { outcome: "impossible", ...grant, rates: this.#rates(nowMs, limits) };
    const sequences = generation ? (generation.sequences ?? [generation.promptTokens]) : [];
    const tokens = (generation?.promptTokens ?? 0) + sequences.length * grant.maxTokens;
    const { window, running } = this.#admissions;
    const held = { nowMs, window, running, settledToday, reservedToday: this.#reservedToday(nowMs) };
    const refusal = firstLimit(held, limits, tokens, sequences.length);
    if (refusal) return { outcome: "limited", ...refusal, rates: this.#rates(nowMs, limits) };

    const common = { atMs: nowMs, keyId: key.id, model: generation?.model ?? "" };
    if (!generation) {
      const request = { ...common, tokens: 0, promptTokens: 0, requests: 1 } as const;
      this.#admissions.add(reservationId, request, undefined);
      this.#usage.add(nowMs, { ...request, completionTokens: 0 });
    }
    // The last of several sequences may begin only when the others are through.
    const leaseTokens = sequences.length * grant.maxTokens;
    for (const [index, promptTokens] of sequences.entries()) {
      const sequence = { tokens: promptTokens + grant.maxTokens, promptTokens, requests: index === 0 ? 1 : 0 } as const;
      this.#admissions.add(sequenceReservation(reservationId, index), { ...common, ...sequence }, leaseTokens);
    }
    this.#keys.touch(secretSha256, nowMs);
    this.#schedule(nowMs);
    const { maxTokens } = grant;
    return { outcome: "admitted", maxTokens, allowedModels: limits.allowedModels, rates: this.#rates(nowMs, limits) };
  }

  /** A lease is out: its settlement was lost, and what it took is unknown, so it takes nothing. */
  #expire(nowMs: number): void {
    for (const lease of this.#admissions.expired(nowMs)) {
      const { atMs, model, keyId, requests } = lease;
      this.#admissions.end(lease, 0);
      this.#usage.add(atMs, { model, keyId, requests, promptTokens: 0, completionTokens: 0 });
    }
  }

  #reservedToday(nowMs: number): number {
    const today = dayOf(nowMs);
    return this.#admissions.reservedTokens(({ atMs }) => dayOf(atMs) === today);
  }

  #rates(nowMs: number, limits: TenantLimits): RateState {
    const { requestsPerMinute, tokensPerMinute, tokensPerDay } = limits;
    const usage = this.#admissions.window.usage(nowMs);
    const resets = this.#admissions.window.resetsMs(nowMs);
    const heldToday = () => this.#usage.tokensOf(dayOf(nowMs)) + this.#reservedToday(nowMs);
    return {
      limitRequests: requestsPerMinute,
      limitTokens: tokensPerMinute,
      remainingRequests: Math.max(0, requestsPerMinute - usage.requests),
      remainingTokens: Math.max(0, tokensPerMinute - usage.tokens),
      resetRequestsMs: resets.requests,
      resetTokensMs: resets.tokens,
      day:
        tokensPerDay === null
          ? null
          : {
              limitTokens: tokensPerDay,
              remainingTokens: Math.max(0, tokensPerDay - heldToday()),
              resetMs: untilNextDayMs(nowMs),
            },
    };
  }

  #schedule(nowMs: number): void {
    const atMs = this.#admissions.nextMs(nowMs);
    if (atMs >= this.#alarmAtMs) return;
    this.#alarmAtMs = atMs;
    this.ctx.storage.setAlarm(atMs);
  }

  #put(limits: TenantLimits & LimitChanges, blocked: boolean): TenantRecord {
    const checked = tenantLimitsSchema.parse(limits);
    const createdMs = this.#tenant?.createdMs ?? this.#clock();
    this.#tenant = { limits: checked, blocked, createdMs };
    this.ctx.storage.sql.exec(
      "INSERT OR REPLACE INTO tenant VALUES (1, ?, ?, ?)",
      JSON.stringify(checked),
      Number(blocked),
      createdMs,
    );
    return this.describe()!;
  }

  /** Never goes back: a clock set back would keep entries in the window for longer than a minute. */
  #clock(): number {
    this.#nowMs = Math.max(this.#nowMs, Date.now());
    return this.#nowMs;
  }

  /** Sets no alarm: in a constructor that would take the place of the very alarm that woke the object. */
  #restore(): void {
    const { sql } = this.ctx.storage;
    migrate(this.ctx.storage, LEDGER_MIGRATIONS);
    this.#keys = new KeyRing(sql);
    this.#admissions = new Admissions(sql);
    this.#usage = new UsageBook(sql);
    this.#nowMs = this.#admissions.newestMs;
    type TenantRow = { limits: string; blocked: number; created_ms: number };
    const [row] = sql.exec<TenantRow>("SELECT limits, blocked, created_ms FROM tenant").toArray();
    if (!row) return;
    const limits = tenantLimitsSchema.parse({ ...DEFAULT_LIMITS, ...JSON.parse(row.limits) });
    this.#tenant = { limits, blocked: row.blocked === 1, createdMs: row.created_ms };
  }
}
