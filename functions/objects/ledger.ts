import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env.ts";
import { readPrices } from "../settings.ts";
import { Admissions, type Lease } from "../tenants/admissions.ts";
import { alertsOf } from "../tenants/alerts.ts";
import { lowestLimits } from "../tenants/effective-limits.ts";
import { firstLimit } from "../tenants/first-limit.ts";
import { grantTokens, requestMicros } from "../tenants/grant.ts";
import { KEPT_MS, KeptGenerations, leaseOf } from "../tenants/kept-generations.ts";
import type { KeyRecord, KeyReport } from "../tenants/key-record.ts";
import { isLive, type KeyChanges, KeyRing, type NewKey } from "../tenants/key-ring.ts";
import { LEDGER_MIGRATIONS } from "../tenants/ledger-schema.ts";
import type { TenantLimits } from "../tenants/limits.ts";
import { migrate } from "../tenants/migrate.ts";
import { holdings, leastLeft, type Payer } from "../tenants/payer.ts";
import { costMicros, type Prices, type TokensUsed } from "../tenants/price.ts";
import { limitMessage } from "../tenants/rate-headers.ts";
import { rateState } from "../tenants/rate-state.ts";
import { type RenewAnswer, type ReserveAnswer, type ReserveCall, sequenceReservation } from "../tenants/reservation.ts";
import { limitsAt, StoredTenant, type Tenant } from "../tenants/stored-tenant.ts";
import type { ModelAliases, TenantChanges, TenantRecord, UsageReport } from "../tenants/tenant-record.ts";
import { UsageBook, type UsageTotals } from "../tenants/usage-book.ts";
import { dayOf } from "../tenants/utc-day.ts";

const NOTHING = { promptTokens: 0, completionTokens: 0 };

/**
 * One tenant's keys, limits, admissions and usage. Between a check and what it allows nothing awaits, so any number of
 * concurrent requests are counted exactly. SQLite holds what memory holds, for the next incarnation.
 */
export class Ledger extends DurableObject<Env> {
  #tenant!: StoredTenant;
  #keys!: KeyRing;
  #admissions!: Admissions;
  #usage!: UsageBook;
  #kept!: KeptGenerations;
  #knownPrices: Prices | undefined;
  #nowMs = 0;
  #alarmAtMs = Number.POSITIVE_INFINITY;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#restore();
  }

  /** Creates the tenant; undefined when it is there already. */
  create(changes: TenantChanges): TenantRecord | undefined {
    if (this.#tenant.set) return undefined;
    this.#tenant.create(this.#clock(), changes);
    return this.describe();
  }

  /** Changes the tenant, from the next request on; undefined when there is none. */
  change(changes: TenantChanges): TenantRecord | undefined {
    this.#tenant.change(changes);
    return this.describe();
  }

  /** The tenant as it is now; undefined when there is none. */
  describe(): TenantRecord | undefined {
    const tenant = this.#tenant.set;
    if (!tenant) return undefined;
    const nowMs = this.#clock();
    this.#expire(nowMs);
    const { limits, raise } = limitsAt(tenant, nowMs);
    const now = holdings(this.#tenantPayer(limits, nowMs), nowMs);
    const keys = this.#keys.list().filter((key) => isLive(key, nowMs));
    const keyAlerts = keys.flatMap((key) => alertsOf(key.limits, holdings(this.#keyPayer(key, nowMs), nowMs), key.id));
    return { ...tenant, raise, now, alerts: [...alertsOf(limits, now, null), ...keyAlerts] };
  }

  /** The names that the tenant's requests may give a model. */
  aliases(): ModelAliases {
    return this.#tenant.set?.aliases ?? {};
  }

  /** Forgets the tenant with everything it had; its keys let nobody in from now on. */
  async destroy(): Promise<void> {
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    this.#alarmAtMs = Number.POSITIVE_INFINITY;
    this.#restore();
  }

  listKeys(): KeyReport[] {
    return this.#keys.list().map((key) => this.#report(key));
  }

  /** A key with what it holds now; undefined when no key has this secret. */
  describeKey(secretSha256: string): KeyReport | undefined {
    const key = this.#keys.find(secretSha256);
    return key && this.#report(key);
  }

  /** Lets a key in; undefined when the tenant holds as many working keys as it may, or is not there. */
  addKey(key: NewKey): KeyReport | undefined {
    const added = this.#tenant.set && this.#keys.add(key, this.#clock());
    return added && this.#report(added);
  }

  /** Changes a key, from its next request on; undefined when there is none with this id. */
  changeKey(id: string, changes: KeyChanges): KeyReport | undefined {
    const changed = this.#keys.change(id, changes);
    return changed && this.#report(changed);
  }

  /** Ends a key at once; undefined when there is none with this id. */
  revokeKey(id: string): KeyReport | undefined {
    const revoked = this.#keys.revoke(id, this.#clock());
    return revoked && this.#report(revoked);
  }

  /**
   * Puts a new key in the place of a working one, which lets in for `graceMs` more; limits and what was spent go over.
   * "missing" when no working key has this id, "full" when the tenant holds as many as it may.
   */
  rotateKey(id: string, secretSha256: string, graceMs: number): KeyReport | "missing" | "full" {
    const nowMs = this.#clock();
    const old = this.#keys.withId(id);
    if (!old || !isLive(old, nowMs)) return "missing";
    const { label, expiresMs, limits } = old;
    const added = this.#keys.add({ secretSha256, label, expiresMs, limits }, nowMs, old);
    if (!added) return "full";
    this.#keys.change(id, { expiresMs: Math.min(nowMs + graceMs, expiresMs ?? Number.POSITIVE_INFINITY) });
    return this.#report(added);
  }

  /** Usage and refusals of the UTC days from `from` to `to`, both counted. */
  usage(from: string, to: string): UsageReport {
    return { usage: this.#usage.usage(from, to), refusals: this.#usage.refusals(from, to) };
  }

  /** What metrics show of the tenant: sums that only grow, and generations that run; undefined when there is none. */
  totals(): (UsageTotals & { readonly running: number }) | undefined {
    return this.#tenant.set && { ...this.#usage.totals(), running: this.#admissions.tenant.running };
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
  settle(leaseId: string, used: TokensUsed, done = true): void {
    const lease = this.#admissions.lease(leaseId);
    if (!lease) return;
    const { promptTokens, cachedTokens = 0, completionTokens } = used;
    const taken = promptTokens + completionTokens;
    if (!Number.isSafeInteger(taken + cachedTokens) || Math.min(promptTokens, cachedTokens, completionTokens) < 0)
      throw new RangeError("settle expects whole counts of tokens from 0 on");
    this.#end(lease, used, done);
  }

  /** A lease for the rest of a kept sequence that goes on: the one it has, or another for what was not charged yet. */
  renew(reservationId: string): RenewAnswer {
    const nowMs = this.#clock();
    this.#expire(nowMs);
    const tenant = this.#tenant.set;
    const found = this.#kept.of(reservationId);
    const key = found && this.#keys.withId(found.kept.keyId);
    if (!tenant || !key || found.kept.cancelled || found.kept.expiresMs <= nowMs) return { outcome: "gone" };
    const { kept, sequence } = found;
    const current = leaseOf(reservationId, sequence.leases);
    if (sequence.done) return { outcome: "done", leaseId: current };
    if (this.#admissions.lease(current)) return { outcome: "leased", leaseId: current };

    const promptTokens = sequence.promptTokens - sequence.charged.promptTokens;
    const maxTokens = kept.maxTokens - sequence.charged.completionTokens;
    const tokens = promptTokens + maxTokens;
    const micros = costMicros(this.#prices, { promptTokens, completionTokens: maxTokens });
    // The request itself was counted when it was asked for.
    const payers = this.#payers(tenant, key, nowMs).map((payer) => ({
      ...payer,
      limits: { ...payer.limits, requestsPerMinute: null },
    }));
    const refusal = firstLimit(payers, { tokens, micros, sequences: 1 }, nowMs);
    if (refusal) {
      const waitMs = Number.isFinite(refusal.retryAfterMs) ? refusal.retryAfterMs : KEPT_MS;
      return { outcome: "limited", message: limitMessage({ ...refusal, retryAfterMs: waitMs }), retryAfterMs: waitMs };
    }
    const leaseId = leaseOf(reservationId, sequence.leases + 1);
    const { id: keyId, rootId } = key;
    const rest = { atMs: nowMs, keyId, rootId, model: kept.model, micros, tokens, promptTokens, requests: 0 } as const;
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
    const tenant = this.#tenant.set;
    const key = this.#keys.find(secretSha256);
    if (!tenant || !key || key.revokedMs !== null) return { outcome: "unknown_key" };
    if (!isLive(key, nowMs)) return { outcome: "expired_key" };
    if (tenant.blocked) return { outcome: "blocked" };
    const limits = lowestLimits(limitsAt(tenant, nowMs).limits, key.limits);
    if (call.generation && limits.allowedModels?.includes(call.generation.model) === false)
      return { outcome: "model_not_allowed" };
    this.#expire(nowMs);
    const kept = named && this.#kept.named(named.nameSha256, nowMs);
    if (kept && kept.bodySha256 !== named.bodySha256) return { outcome: "name_taken" };
    if (kept?.cancelled) return { outcome: "cancelled" };
    if (named?.begun && !kept) return { outcome: "gone" };
    const generation = kept ? undefined : call.generation;

    const payers = this.#payers(tenant, key, nowMs);
    const grant = generation ? grantTokens(generation, limits, this.#prices, leastLeft(payers)) : { maxTokens: 0 };
    if ("reason" in grant) return { outcome: "impossible", ...grant, rates: rateState(payers, nowMs) };
    const { maxTokens } = grant;
    const sequences = generation ? (generation.sequences ?? [generation.promptTokens]) : [];
    const taking = {
      tokens: (generation?.promptTokens ?? 0) + sequences.length * maxTokens,
      micros: requestMicros(this.#prices, sequences, maxTokens),
      sequences: sequences.length,
    };
    const refusal = firstLimit(payers, taking, nowMs);
    if (refusal) return { outcome: "limited", ...refusal, rates: rateState(payers, nowMs) };

    const common = { atMs: nowMs, keyId: key.id, rootId: key.rootId, model: generation?.model ?? "" };
    if (!generation) {
      const request = { ...common, tokens: 0, promptTokens: 0, micros: 0, requests: 1 } as const;
      this.#admissions.add(reservationId, request, undefined);
      this.#usage.add(nowMs, { ...request, cachedTokens: 0, completionTokens: 0, costMicros: 0 });
    }
    // The last of several sequences may begin only when the others are through.
    const leaseTokens = sequences.length * maxTokens;
    let leasedUntilMs = nowMs;
    for (const [index, promptTokens] of sequences.entries()) {
      const sequence = {
        tokens: promptTokens + maxTokens,
        promptTokens,
        micros: costMicros(this.#prices, { promptTokens, completionTokens: maxTokens }),
        requests: index === 0 ? 1 : 0,
      } as const;
      const id = sequenceReservation(reservationId, index);
      leasedUntilMs = this.#admissions.add(id, { ...common, ...sequence }, leaseTokens);
    }
    if (generation && named)
      this.#kept.add({
        nameSha256: named.nameSha256,
        bodySha256: named.bodySha256,
        ...common,
        id: reservationId,
        expiresMs: leasedUntilMs + KEPT_MS,
        maxTokens,
        cancelled: false,
        sequences: sequences.map((promptTokens) => ({ promptTokens, charged: NOTHING, leases: 1, done: false })),
      });
    this.#keys.touch(secretSha256, nowMs);
    this.#schedule(nowMs);
    const { allowedModels, priority: weight } = limits;
    const rest = { allowedModels, weight, rates: rateState(payers, nowMs) };
    if (kept) return { outcome: "joined", reservationId: kept.id, atMs: kept.atMs, maxTokens: kept.maxTokens, ...rest };
    return { outcome: "admitted", reservationId, atMs: nowMs, maxTokens, ...rest };
  }

  /** A lease is out: its settlement was lost, and what it took is unknown, so it takes nothing. */
  #expire(nowMs: number): void {
    for (const lease of this.#admissions.expired(nowMs)) this.#end(lease, NOTHING, false);
  }

  /**
   * Writes down what a generation took, at most what it reserved. What a kept one took is told over all its leases, and was
   * charged before up to the last settlement.
   */
  #end(lease: Lease, used: TokensUsed, done: boolean): void {
    const found = this.#kept.of(lease.id);
    const charged = found?.sequence.charged ?? NOTHING;
    const due = (total: number, before: number, limit: number) => Math.max(0, Math.min(total - before, limit));
    const promptTokens = due(used.promptTokens, charged.promptTokens, lease.promptTokens);
    const cachedTokens = Math.min(used.cachedTokens ?? 0, promptTokens);
    const completionTokens = due(used.completionTokens, charged.completionTokens, lease.tokens - promptTokens);
    const taken = { promptTokens, cachedTokens, completionTokens };
    // Prices may have changed since it was admitted.
    const cost = Math.min(costMicros(this.#prices, taken), lease.micros);
    const { atMs, model, keyId, rootId, requests } = lease;
    this.#admissions.end(lease, promptTokens + completionTokens);
    this.#usage.add(atMs, { model, keyId, rootId, requests, ...taken, costMicros: cost });
    if (found) this.#kept.charge(found, { promptTokens, completionTokens }, done, this.#clock() + KEPT_MS);
  }

  /** Whose limits a request with `key` must fit. */
  #payers(tenant: Tenant, key: KeyRecord, nowMs: number): readonly Payer[] {
    return [this.#tenantPayer(limitsAt(tenant, nowMs).limits, nowMs), this.#keyPayer(key, nowMs)];
  }

  #tenantPayer(limits: TenantLimits, nowMs: number): Payer {
    const { tenant } = this.#admissions;
    return { who: "tenant", limits, meter: tenant, spent: this.#usage.spent(dayOf(nowMs)) };
  }

  #keyPayer({ limits, rootId }: KeyRecord, nowMs: number): Payer {
    const spent = this.#usage.spent(dayOf(nowMs), rootId);
    return { who: "key", limits, meter: this.#admissions.key(rootId), spent };
  }

  #report(key: KeyRecord): KeyReport {
    const nowMs = this.#clock();
    this.#expire(nowMs);
    return { ...key, now: holdings(this.#keyPayer(key, nowMs), nowMs) };
  }

  get #prices(): Prices {
    this.#knownPrices ??= readPrices(this.env);
    return this.#knownPrices;
  }

  #schedule(nowMs: number): void {
    this.#wakeAt(this.#admissions.nextMs(nowMs));
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
    const { sql } = this.ctx.storage;
    migrate(this.ctx.storage, LEDGER_MIGRATIONS);
    this.#tenant = new StoredTenant(sql);
    this.#keys = new KeyRing(sql);
    this.#admissions = new Admissions(sql);
    this.#usage = new UsageBook(sql);
    this.#kept = new KeptGenerations(sql);
    this.#nowMs = this.#admissions.newestMs;
  }
}
