import { Admissions, type Lease } from "./admissions.ts";
import { alertsOf } from "./alerts.ts";
import { lowestLimits } from "./effective-limits.ts";
import { firstLimit } from "./first-limit.ts";
import { grantTokens, requestMicros } from "./grant.ts";
import { KEPT_MS, KeptGenerations, leaseOf } from "./kept-generations.ts";
import type { KeyRecord, KeyReport } from "./key-record.ts";
import { isLive, KeyRing } from "./key-ring.ts";
import { LabelUsage } from "./label-usage.ts";
import type { TenantLimits } from "./limits.ts";
import { holdings, leastLeft, type Payer } from "./payer.ts";
import { costMicros, type Prices, type TokensUsed } from "./price.ts";
import { rateState } from "./rate-state.ts";
import { type RenewAnswer, type ReserveAnswer, type ReserveCall, sequenceReservation } from "./reservation.ts";
import { limitsAt, StoredTenant, type Tenant } from "./stored-tenant.ts";
import type { TenantRecord } from "./tenant-record.ts";
import { UsageBook } from "./usage-book.ts";
import { dayOf } from "./utc-day.ts";

const NOTHING = { promptTokens: 0, completionTokens: 0 };

/**
 * What one tenant may do, holds and has used: it decides what is admitted and writes down what was taken. Nothing in it
 * awaits, and times are given, so it has no clock; they never go back.
 */
export class Account {
  readonly tenant: StoredTenant;
  readonly keys: KeyRing;
  readonly admissions: Admissions;
  readonly usage: UsageBook;
  readonly labels: LabelUsage;
  readonly kept: KeptGenerations;
  readonly #prices: Prices;

  constructor(sql: SqlStorage, prices: Prices) {
    this.tenant = new StoredTenant(sql);
    this.keys = new KeyRing(sql);
    this.admissions = new Admissions(sql);
    this.usage = new UsageBook(sql);
    this.labels = new LabelUsage(sql);
    this.kept = new KeptGenerations(sql);
    this.#prices = prices;
  }

  /** The tenant as it is now; undefined when there is none. */
  describe(nowMs: number): TenantRecord | undefined {
    const tenant = this.tenant.set;
    if (!tenant) return undefined;
    this.expire(nowMs);
    const { limits, raise } = limitsAt(tenant, nowMs);
    const now = holdings(this.#tenantPayer(limits, nowMs), nowMs);
    const keys = this.keys.list().filter((key) => isLive(key, nowMs));
    const keyAlerts = keys.flatMap((key) => alertsOf(key.limits, holdings(this.#keyPayer(key, nowMs), nowMs), key.id));
    return { ...tenant, raise, now, alerts: [...alertsOf(limits, now, null), ...keyAlerts] };
  }

  /** A key with what its line holds now. */
  report(key: KeyRecord, nowMs: number): KeyReport {
    this.expire(nowMs);
    return { ...key, now: holdings(this.#keyPayer(key, nowMs), nowMs) };
  }

  /** Admits one request: takes its request, tokens, money and place, or nothing at all. */
  reserve(call: ReserveCall, nowMs: number): ReserveAnswer {
    const answer = this.#decide(call, nowMs);
    if (["admitted", "joined", "unknown_key"].includes(answer.outcome)) return answer;
    this.usage.refuse(nowMs, answer.outcome === "limited" ? answer.kind : answer.outcome);
    return answer;
  }

  /** Ends a lease at what its sequence took. */
  settle(leaseId: string, used: TokensUsed, done: boolean, nowMs: number): void {
    const lease = this.admissions.lease(leaseId);
    if (!lease) return;
    const { promptTokens, cachedTokens = 0, completionTokens } = used;
    const taken = promptTokens + completionTokens;
    if (!Number.isSafeInteger(taken + cachedTokens) || Math.min(promptTokens, cachedTokens, completionTokens) < 0)
      throw new RangeError("settle expects whole counts of tokens from 0 on");
    this.#end(lease, used, done, nowMs);
  }

  /** A sequence of a request runs still: none of the request's leases runs out for a while, nor is it forgotten. */
  hold(leaseId: string, nowMs: number): void {
    const untilMs = this.admissions.hold(leaseId, nowMs);
    const kept = this.kept.of(leaseId)?.kept;
    if (kept) this.kept.change({ ...kept, expiresMs: Math.max(kept.expiresMs, untilMs + KEPT_MS) });
  }

  /** A lease for the rest of a kept sequence that goes on: the one it has, or another for what was not charged yet. */
  renew(reservationId: string, nowMs: number): RenewAnswer {
    this.expire(nowMs);
    const tenant = this.tenant.set;
    const found = this.kept.of(reservationId);
    const key = found && this.keys.withId(found.kept.keyId);
    if (!tenant || !key || found.kept.cancelled || found.kept.expiresMs <= nowMs) return { outcome: "gone" };
    const { kept, sequence } = found;
    const current = leaseOf(reservationId, sequence.leases);
    if (sequence.done) return { outcome: "done", leaseId: current };
    if (this.admissions.lease(current)) return { outcome: "leased", leaseId: current };

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
      return { outcome: "limited", ...refusal, retryAfterMs: waitMs };
    }
    const leaseId = leaseOf(reservationId, sequence.leases + 1);
    const { id: keyId, rootId } = key;
    const rest = {
      atMs: nowMs,
      keyId,
      rootId,
      model: kept.model,
      labels: kept.labels ?? {},
      micros,
      tokens,
      promptTokens,
      requests: 0,
    } as const;
    this.kept.countLease(found, this.admissions.add(leaseId, rest, maxTokens) + KEPT_MS);
    return { outcome: "leased", leaseId };
  }

  /** Nobody can ask for a kept generation any more; what still holds a place gives it back, and is not charged. */
  cancelKept(reservationId: string, nowMs: number): void {
    const found = this.kept.of(reservationId);
    if (!found) return;
    const { kept } = found;
    this.kept.change({ ...kept, cancelled: true, expiresMs: nowMs + KEPT_MS });
    for (const [index, { leases }] of kept.sequences.entries())
      this.settle(leaseOf(sequenceReservation(kept.id, index), leases), NOTHING, true, nowMs);
  }

  /** A lease is out: its settlement was lost, and what it took is unknown, so it takes nothing. */
  expire(nowMs: number): void {
    for (const lease of this.admissions.expired(nowMs)) this.#end(lease, NOTHING, false, nowMs);
  }

  #decide(call: ReserveCall, nowMs: number): ReserveAnswer {
    const { secretSha256, reservationId, named } = call;
    const tenant = this.tenant.set;
    const key = this.keys.find(secretSha256);
    if (!tenant || !key || key.revokedMs !== null) return { outcome: "unknown_key" };
    if (!isLive(key, nowMs)) return { outcome: "expired_key" };
    if (tenant.blocked) return { outcome: "blocked" };
    const limits = lowestLimits(limitsAt(tenant, nowMs).limits, key.limits);
    if (call.generation && limits.allowedModels?.includes(call.generation.model) === false)
      return { outcome: "model_not_allowed" };
    this.expire(nowMs);
    const kept = named && this.kept.named(named.nameSha256, nowMs);
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

    const { model = "", labels = {} } = generation ?? {};
    const common = { atMs: nowMs, keyId: key.id, rootId: key.rootId, model, labels };
    if (!generation) {
      const request = { ...common, tokens: 0, promptTokens: 0, micros: 0, requests: 1 } as const;
      this.admissions.add(reservationId, request, undefined);
      this.usage.add(nowMs, { ...request, cachedTokens: 0, completionTokens: 0, costMicros: 0 });
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
      leasedUntilMs = this.admissions.add(id, { ...common, ...sequence }, leaseTokens);
    }
    if (generation && named)
      this.kept.add({
        nameSha256: named.nameSha256,
        bodySha256: named.bodySha256,
        ...common,
        id: reservationId,
        expiresMs: leasedUntilMs + KEPT_MS,
        maxTokens,
        cancelled: false,
        sequences: sequences.map((promptTokens) => ({ promptTokens, charged: NOTHING, leases: 1, done: false })),
      });
    this.keys.touch(secretSha256, nowMs);
    const { allowedModels, priority: weight } = limits;
    const rest = { allowedModels, weight, rates: rateState(payers, nowMs) };
    if (kept) return { outcome: "joined", reservationId: kept.id, atMs: kept.atMs, maxTokens: kept.maxTokens, ...rest };
    return { outcome: "admitted", reservationId, atMs: nowMs, maxTokens, ...rest };
  }

  /**
   * Writes down what a generation took, at most what it reserved. What a kept one took is told over all its leases, and was
   * charged before up to the last settlement.
   */
  #end(lease: Lease, used: TokensUsed, done: boolean, nowMs: number): void {
    const found = this.kept.of(lease.id);
    const charged = found?.sequence.charged ?? NOTHING;
    const due = (total: number, before: number, limit: number) => Math.max(0, Math.min(total - before, limit));
    const promptTokens = due(used.promptTokens, charged.promptTokens, lease.promptTokens);
    const cachedTokens = Math.min(used.cachedTokens ?? 0, promptTokens);
    const completionTokens = due(used.completionTokens, charged.completionTokens, lease.tokens - promptTokens);
    const taken = { promptTokens, cachedTokens, completionTokens };
    // Prices may have changed since it was admitted.
    const cost = Math.min(costMicros(this.#prices, taken), lease.micros);
    const { atMs, model, labels, keyId, rootId, requests } = lease;
    this.admissions.end(lease, promptTokens + completionTokens);
    this.usage.add(atMs, { model, keyId, rootId, requests, ...taken, costMicros: cost });
    this.labels.add(atMs, labels, { requests, ...taken, costMicros: cost });
    if (found) this.kept.charge(found, { promptTokens, completionTokens }, done, nowMs + KEPT_MS);
  }

  /** Whose limits a request with `key` must fit. */
  #payers(tenant: Tenant, key: KeyRecord, nowMs: number): readonly Payer[] {
    return [this.#tenantPayer(limitsAt(tenant, nowMs).limits, nowMs), this.#keyPayer(key, nowMs)];
  }

  #tenantPayer(limits: TenantLimits, nowMs: number): Payer {
    const { tenant } = this.admissions;
    return { who: "tenant", limits, meter: tenant, spent: this.usage.spent(dayOf(nowMs)) };
  }

  #keyPayer({ limits, rootId }: KeyRecord, nowMs: number): Payer {
    const spent = this.usage.spent(dayOf(nowMs), rootId);
    return { who: "key", limits, meter: this.admissions.key(rootId), spent };
  }
}
