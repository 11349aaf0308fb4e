import type { Labels } from "./labels.ts";
import { Meter, MINUTE_MS } from "./meter.ts";
import { requestOf } from "./reservation.ts";

/**
 * A generation that settles later than its lease holds no place any more: 60 s and 250 ms a token, at most 10 minutes, and
 * longer where it is held.
 */
const LEASE_BASE_MS = 60_000;
const LEASE_PER_TOKEN_MS = 250;
const MAX_LEASE_MS = 600_000;
/** From each `hold` on: three of a conductor's, so that one may be lost. */
const HELD_LEASE_MS = 90_000;

/** What one admitted request took, or one of its sequences. */
export interface Admission {
  readonly atMs: number;
  readonly keyId: string;
  /** The first key of the line of rotations that `keyId` is in: they share limits and budget. */
  readonly rootId: string;
  /** "" for a request that generates nothing. */
  readonly model: string;
  /** What the request says of itself. */
  readonly labels: Labels;
  /** Prompt and completion. */
  readonly tokens: number;
  readonly promptTokens: number;
  /** What all of these tokens would cost. */
  readonly micros: number;
  /** 0 for every sequence of a request but the first. */
  readonly requests: 0 | 1;
}

/** A generation's place, until it settles or `untilMs`. */
export interface Lease extends Admission {
  readonly id: string;
  readonly untilMs: number;
}

interface AdmissionRow extends Record<string, SqlStorageValue> {
  id: string;
  at_ms: number;
  tokens: number;
  lease_until_ms: number | null;
  key_id: string;
  model: string;
  prompt_tokens: number;
  requests: 0 | 1;
  root_id: string;
  micros: number;
  labels: string;
}

/** The requests admitted in the last minute and the generations that still run: in memory, and in SQLite to restore from. */
export class Admissions {
  readonly tenant = new Meter();
  readonly #keys = new Map<string, Meter>();
  readonly #sql: SqlStorage;
  readonly #leases = new Map<string, Lease>();
  #newestMs = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    for (const row of sql.exec<AdmissionRow>("SELECT * FROM admissions ORDER BY at_ms")) {
      const {
        id,
        lease_until_ms: untilMs,
        key_id: keyId,
        root_id: rootId,
        model,
        labels,
        tokens,
        requests,
        micros,
      } = row;
      const admission = { keyId, rootId, model, tokens, requests, micros, atMs: row.at_ms };
      this.#count(id, { ...admission, labels: JSON.parse(labels), promptTokens: row.prompt_tokens }, untilMs);
    }
  }

  /** When the newest request was admitted. */
  get newestMs(): number {
    return this.#newestMs;
  }

  /** What the keys of one line of rotations hold. */
  key(rootId: string): Meter {
    const known = this.#keys.get(rootId);
    if (known) return known;
    const meter = new Meter();
    this.#keys.set(rootId, meter);
    return meter;
  }

  /** Takes a request; with a lease sized to `leaseTokens` when it generates. Answers when that is out: now without one. */
  add(id: string, admission: Admission, leaseTokens: number | undefined): number {
    const { atMs, keyId, rootId, model, labels, tokens, promptTokens, requests, micros } = admission;
    const leaseMs = Math.min(MAX_LEASE_MS, LEASE_BASE_MS + LEASE_PER_TOKEN_MS * (leaseTokens ?? 0));
    const untilMs = leaseTokens === undefined ? null : atMs + leaseMs;
    const numbers = [promptTokens, requests, rootId, micros];
    const row = [id, atMs, tokens, untilMs, keyId, model, ...numbers, JSON.stringify(labels)];
    this.#sql.exec("INSERT INTO admissions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", ...row);
    this.#count(id, admission, untilMs);
    return untilMs ?? atMs;
  }

  /** The lease of a generation that has not ended. */
  lease(id: string): Lease | undefined {
    return this.#leases.get(id);
  }

  /** Leases of the request that `id` belongs to last HELD_LEASE_MS from now at least; until when none runs out. */
  hold(id: string, nowMs: number): number {
    const untilMs = nowMs + HELD_LEASE_MS;
    for (const lease of this.#leases.values()) {
      if (lease.untilMs >= untilMs || requestOf(lease.id) !== requestOf(id)) continue;
      this.#leases.set(lease.id, { ...lease, untilMs });
      this.#sql.exec("UPDATE admissions SET lease_until_ms = ? WHERE id = ?", untilMs, lease.id);
    }
    return untilMs;
  }

  /** Ends a lease; its request counts for `tokens` from now on. */
  end(lease: Lease, tokens: number): void {
    const { id, rootId } = lease;
    this.#sql.exec("UPDATE admissions SET tokens = ?, lease_until_ms = NULL WHERE id = ?", tokens, id);
    for (const meter of [this.tenant, this.key(rootId)]) {
      meter.window.amend(id, tokens);
      meter.end(lease);
    }
    this.#leases.delete(id);
  }

  /** Leases whose time is out. */
  expired(nowMs: number): Lease[] {
    return [...this.#leases.values()].filter(({ untilMs }) => untilMs <= nowMs);
  }

  /** Deletes what neither the minute nor a lease needs; true while anything is left. */
  forget(nowMs: number): boolean {
    this.#sql.exec("DELETE FROM admissions WHERE at_ms <= ? AND lease_until_ms IS NULL", nowMs - MINUTE_MS);
    for (const [rootId, meter] of this.#keys) if (meter.isIdle(nowMs)) this.#keys.delete(rootId);
    return !this.tenant.isIdle(nowMs);
  }

  /** When there is next something to expire or to forget. */
  nextMs(nowMs: number): number {
    let nextMs = nowMs + MINUTE_MS;
    for (const { untilMs } of this.#leases.values()) nextMs = Math.min(nextMs, untilMs);
    return nextMs;
  }

  #count(id: string, admission: Admission, untilMs: number | null): void {
    const { atMs, rootId, tokens, requests } = admission;
    this.#newestMs = atMs;
    if (untilMs !== null) this.#leases.set(id, { ...admission, id, untilMs });
    for (const meter of [this.tenant, this.key(rootId)]) {
      meter.window.add(id, atMs, tokens, requests);
      if (untilMs !== null) meter.begin(admission);
    }
  }
}
