import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env.ts";
import { Admissions } from "../tenants/admissions.ts";
import { firstLimit, type Held } from "../tenants/first-limit.ts";
import { KEPT_MS, KeptGenerations, leaseOf } from "../tenants/kept-generations.ts";
import type { KeyRecord } from "../tenants/key-record.ts";
import { isLive, KeyRing, type NewKey } from "../tenants/key-ring.ts";
import { LEDGER_MIGRATIONS } from "../tenants/ledger-schema.ts";
import { DEFAULT_LIMITS, type LimitChanges, type TenantLimits, tenantLimitsSchema } from "../tenants/limits.ts";
import { migrate } from "../tenants/migrate.ts";
import { limitMessage } from "../tenants/rate-headers.ts";
import {
  grantTokens,
  type RateState,
  type RenewAnswer,
  type ReserveAnswer,
  type ReserveCall,
  sequenceReservation,
} from "../tenants/reservation.ts";
import type { TenantChanges, TenantRecord, UsageReport } from "../tenants/tenant-record.ts";
import { UsageBook, type UsageTotals } from "../tenants/usage-book.ts";
import { dayOf, untilNextDayMs } from "../tenants/utc-day.ts";

const NOTHING = { promptTokens: 0, completionTokens: 0 };

/**
 * One tenant's keys, limits, admissions and usage. Between a check and what it allows nothing awaits, so any number of
 * concurrent requests are counted exactly. SQLite holds what memory holds, for the next incarnation.
 */
export class Ledger extends DurableObject<Env> {
  #tenant: { limits: TenantLimits; blocked: boolean; createdMs: number } | undefined;
  #keys!: KeyRing;
  #admissions!: Admissions;
  #usage!: UsageBook;
  #kept!: KeptGenerations;
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
    if (["admitted", "joined", "unknown_key"].includes(answer.outcome)) return answer;
    this.#usage.refuse(nowMs, answer.outcome === "limited" ? answer.kind : answer.outcome);
    this.#schedule(nowMs);
    return answer;
  }

  /**
   * Ends a lease at what its sequence really took; the rest is free again. Only the first settlement of one counts. A kept
   * generation that may go on is settled at what it took until now, over all its leases, and is not `done`.
   */
  settle(leaseId: string, used: { promptTokens: number; completionTokens: number }, done = true): void {
    const lease = this.#admissions.lease(leaseId);
    if (!lease) return;
    const taken = used.promptTokens + used.completionTokens;
    if (!Number.isSafeInteger(taken) || Math.min(used.promptTokens, used.completionTokens) < 0)
      throw new RangeError("settle expects whole counts of tokens from 0 on");
    const found = this.#kept.of(leaseId);
    const charged = found?.sequence.charged ?? NOTHING;
    const due = (total: number, before: number, limit: number) => Math.max(0, Math.min(total - before, limit));
    const promptTokens = due(used.promptTokens, charged.promptTokens, lease.promptTokens);
    const completionTokens = due(used.completionTokens, charged.completionTokens, lease.tokens - promptTokens);
    const { atMs, model, keyId, requests } = lease;
    this.#admissions.end(lease, promptTokens + completionTokens);
    this.#usage.add(atMs, { model, keyId, requests, promptTokens, completionTokens });
    if (found) this.#kept.charge(found, { promptTokens, completionTokens }, done, this.#clock() + KEPT_MS);
  }

  /** A lease for the rest of a kept sequence that goes on: the one it has, or another for what was not charged yet. */
  renew(reservationId: string): RenewAnswer {
    const nowMs = this.#clock();
    this.#expire(nowMs);
    const found = this.#kept.of(reservationId);
    if (!this.#tenant || !found || found.kept.cancelled || found.kept.expiresMs <= nowMs) return { outcome: "gone" };
    const { kept, sequence } = found;
    const current = leaseOf(reservationId, sequence.leases);
    // What is done takes nothing more.
    if (sequence.done || this.#admissions.lease(current)) return { outcome: "leased", leaseId: current };

    const promptTokens = sequence.promptTokens - sequence.charged.promptTokens;
    const maxTokens = kept.maxTokens - sequence.charged.completionTokens;
    const tokens = promptTokens + maxTokens;
    // The request itself was counted when it was asked for.
    const limits = { ...this.#tenant.limits, requestsPerMinute: Number.POSITIVE_INFINITY };
    const refusal = firstLimit(this.#held(nowMs), limits, tokens, 1);
    if (refusal) {
      const waitMs = Number.isFinite(refusal.retryAfterMs) ? refusal.retryAfterMs : KEPT_MS;
      return { outcome: "limited", message: limitMessage({ ...refusal, retryAfterMs: waitMs }), retryAfterMs: waitMs };
    }
    const leaseId = leaseOf(reservationId, sequence.leases + 1);
    const { keyId, model } = kept;
    const rest = { atMs: nowMs, keyId, model, tokens, promptTokens, requests: 0 } as const;
    this.#kept.countLease(found, this.#admissions.add(leaseId, rest, maxTokens) + KEPT_MS);
    this.#schedule(nowMs);
    return { outcome: "leased", leaseId };
  }

  /** Nobody can ask for a kept generation any more; what still holds a place gives it back, and is not charged. */
  cancelKept(reservationId: string): void {
    const found = this.#kept.of(reservationId);
    if (!found) return;
    const { kept } = found;
    this.#kept.change({ ...kept, cancelled: true, expiresMs: this.#clock() + KEPT_MS });
    for (const [index, { leases }] of kept.sequences.entries())
      this.settle(leaseOf(sequenceReservation(kept.id, index), leases), NOTHING);
  }

  /** Frees what was never settled, forgets what left the window, and writes down refusals. */
  override alarm(): void {
    this.#alarmAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock();
    this.#expire(nowMs);
    this.#usage.flushRefusals();
    const keptUntilMs = this.#kept.forget(nowMs);
    if (this.#admissions.forget(nowMs)) this.#schedule(nowMs);
    else if (Number.isFinite(keptUntilMs)) this.#wakeAt(keptUntilMs);
  }

  #decide(call: ReserveCall, nowMs: number): ReserveAnswer {
    const { secretSha256, reservationId, named } = call;
    const key = this.#keys.find(secretSha256);
    if (!this.#tenant || !key || key.revokedMs !== null) return { outcome: "unknown_key" };
    const { limits, blocked } = this.#tenant;
    if (!isLive(key, nowMs)) return { outcome: "expired_key" };
    if (blocked) return { outcome: "blocked" };
    if (call.generation && limits.allowedModels?.includes(call.generation.model) === false)
      return { outcome: "model_not_allowed" };
    this.#expire(nowMs);
    const kept = named && this.#kept.named(named.nameSha256, nowMs);
    if (kept && kept.bodySha256 !== named.bodySha256) return { outcome: "name_taken" };
    if (kept?.cancelled) return { outcome: "cancelled" };
    const generation = kept ? undefined : call.generation;

    const settledToday = this.#usage.tokensOf(dayOf(nowMs));
    const grant = generation ? grantTokens(generation, limits, settledToday) : { maxTokens: 0 };
    if ("reason" in grant) return { outcome: "impossible", ...grant, rates: this.#rates(nowMs, limits) };
    const sequences = generation ? (generation.sequences ?? [generation.promptTokens]) : [];
    const tokens = (generation?.promptTokens ?? 0) + sequences.length * grant.maxTokens;
    const refusal = firstLimit(this.#held(nowMs), limits, tokens, sequences.length);
    if (refusal) return { outcome: "limited", ...refusal, rates: this.#rates(nowMs, limits) };

    const common = { atMs: nowMs, keyId: key.id, model: generation?.model ?? "" };
    if (!generation) {
      const request = { ...common, tokens: 0, promptTokens: 0, requests: 1 } as const;
      this.#admissions.add(reservationId, request, undefined);
      this.#usage.add(nowMs, { ...request, completionTokens: 0 });
    }
    // The last of several sequences may begin only when the others are through.
    const leaseTokens = sequences.length * grant.maxTokens;
    let leasedUntilMs = nowMs;
    for (const [index, promptTokens] of sequences.entries()) {
      const sequence = { tokens: promptTokens + grant.maxTokens, promptTokens, requests: index === 0 ? 1 : 0 } as const;
      const id = sequenceReservation(reservationId, index);
      leasedUntilMs = this.#admissions.add(id, { ...common, ...sequence }, leaseTokens);
    }
    if (generation && named)
      this.#kept.add({
        ...named,
        ...common,
        id: reservationId,
        expiresMs: leasedUntilMs + KEPT_MS,
        maxTokens: grant.maxTokens,
        cancelled: false,
        sequences: sequences.map((promptTokens) => ({ promptTokens, charged: NOTHING, leases: 1, done: false })),
      });
    this.#keys.touch(secretSha256, nowMs);
    this.#schedule(nowMs);
    const rest = { allowedModels: limits.allowedModels, rates: this.#rates(nowMs, limits) };
    if (kept) return { outcome: "joined", reservationId: kept.id, atMs: kept.atMs, maxTokens: kept.maxTokens, ...rest };
    return { outcome: "admitted", reservationId, atMs: nowMs, maxTokens: grant.maxTokens, ...rest };
  }

  #held(nowMs: number): Held {
    const { window, running } = this.#admissions;
    const settledToday = this.#usage.tokensOf(dayOf(nowMs));
    return { nowMs, window, running, settledToday, reservedToday: this.#reservedToday(nowMs) };
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
    this.#wakeAt(this.#admissions.nextMs(nowMs));
  }

  #wakeAt(atMs: number): void {
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
    this.#kept = new KeptGenerations(sql);
    this.#nowMs = this.#admissions.newestMs;
    type TenantRow = { limits: string; blocked: number; created_ms: number };
    const [row] = sql.exec<TenantRow>("SELECT limits, blocked, created_ms FROM tenant").toArray();
    if (!row) return;
    const limits = tenantLimitsSchema.parse({ ...DEFAULT_LIMITS, ...JSON.parse(row.limits) });
    this.#tenant = { limits, blocked: row.blocked === 1, createdMs: row.created_ms };
  }
}
