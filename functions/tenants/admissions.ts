import { SlidingWindow } from "./sliding-window.ts";

const MINUTE_MS = 60_000;
/** A generation that settles later than its lease holds no place any more: 60 s and 250 ms a token, at most 10 minutes. */
const LEASE_BASE_MS = 60_000;
const LEASE_PER_TOKEN_MS = 250;
const MAX_LEASE_MS = 600_000;

/** What one admitted request took, or one of its sequences. */
export interface Admission {
  readonly atMs: number;
  readonly keyId: string;
  /** "" for a request that generates nothing. */
  readonly model: string;
  /** Prompt and completion. */
  readonly tokens: number;
  readonly promptTokens: number;
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
}

/** The requests admitted in the last minute and the generations that still run: in memory, and in SQLite to restore from. */
export class Admissions {
  readonly window = new SlidingWindow(MINUTE_MS);
  readonly #sql: SqlStorage;
  readonly #leases = new Map<string, Lease>();
  #newestMs = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    for (const row of sql.exec<AdmissionRow>("SELECT * FROM admissions ORDER BY at_ms")) {
      const { id, at_ms: atMs, tokens, lease_until_ms: untilMs, key_id: keyId, model, requests } = row;
      this.#newestMs = atMs;
      this.window.add(id, atMs, tokens, requests);
      const admission = { atMs, keyId, model, tokens, promptTokens: row.prompt_tokens, requests };
      if (untilMs !== null) this.#leases.set(id, { ...admission, id, untilMs });
    }
  }

  /** When the newest request was admitted. */
  get newestMs(): number {
    return this.#newestMs;
  }

  /** Sequences that hold a place. */
  get running(): number {
    return this.#leases.size;
  }

  /** Tokens that running generations of one kind hold. */
  reservedTokens(counts: (lease: Lease) => boolean): number {
    let tokens = 0;
    for (const lease of this.#leases.values()) if (counts(lease)) tokens += lease.tokens;
    return tokens;
  }

  /** Takes a request; with a lease sized to `leaseTokens` when it generates. Answers when that is out: now without one. */
  add(id: string, admission: Admission, leaseTokens: number | undefined): number {
    const { atMs, keyId, model, tokens, promptTokens, requests } = admission;
    const leaseMs = Math.min(MAX_LEASE_MS, LEASE_BASE_MS + LEASE_PER_TOKEN_MS * (leaseTokens ?? 0));
    const untilMs = leaseTokens === undefined ? null : atMs + leaseMs;
    const row = [id, atMs, tokens, untilMs, keyId, model, promptTokens, requests];
    this.#sql.exec("INSERT INTO admissions VALUES (?, ?, ?, ?, ?, ?, ?, ?)", ...row);
    this.window.add(id, atMs, tokens, requests);
    this.#newestMs = atMs;
    if (untilMs !== null) this.#leases.set(id, { ...admission, id, untilMs });
    return untilMs ?? atMs;
  }

  /** The lease of a generation that has not ended. */
  lease(id: string): Lease | undefined {
    return this.#leases.get(id);
  }

  /** Ends a lease; its request counts for `tokens` from now on. */
  end({ id }: Lease, tokens: number): void {
    this.#sql.exec("UPDATE admissions SET tokens = ?, lease_until_ms = NULL WHERE id = ?", tokens, id);
    this.window.amend(id, tokens);
    this.#leases.delete(id);
  }

  /** Leases whose time is out. */
  expired(nowMs: number): Lease[] {
    return [...this.#leases.values()].filter(({ untilMs }) => untilMs <= nowMs);
  }

  /** Deletes what neither the minute nor a lease needs; true while anything is left. */
  forget(nowMs: number): boolean {
    this.#sql.exec("DELETE FROM admissions WHERE at_ms <= ? AND lease_until_ms IS NULL", nowMs - MINUTE_MS);
    return this.#leases.size + this.window.usage(nowMs).requests > 0;
  }

  /** When there is next something to expire or to forget. */
  nextMs(nowMs: number): number {
    let nextMs = nowMs + MINUTE_MS;
    for (const { untilMs } of this.#leases.values()) nextMs = Math.min(nextMs, untilMs);
    return nextMs;
  }
}
