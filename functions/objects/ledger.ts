import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env.ts";
import { type TenantLimits, tenantLimitsSchema } from "../tenants/limits.ts";
import { grantTokens, type RateState, type ReserveAnswer, type ReserveCall } from "../tenants/reservation.ts";
import { SlidingWindow } from "../tenants/sliding-window.ts";

const MINUTE_MS = 60_000;
const MAX_KEYS = 256;
/** A generation that settles later than its lease holds no place any more: 60 s and 250 ms a token, at most 10 minutes. */
const LEASE_BASE_MS = 60_000;
const LEASE_PER_TOKEN_MS = 250;
const MAX_LEASE_MS = 600_000;
/** Nobody knows when a running generation ends; this is when asking again is worth it. */
const CONCURRENCY_RETRY_MS = 1000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS limits (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS keys (secret_sha256 TEXT PRIMARY KEY, created_ms INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS admissions (
    id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, tokens INTEGER NOT NULL, lease_until_ms INTEGER
  ) WITHOUT ROWID;
`;

interface Lease {
  readonly tokens: number;
  readonly untilMs: number;
}

/**
 * One tenant's keys, limits and admissions. Between a check and what it allows nothing awaits, so any number of
 * concurrent requests are counted exactly. SQLite holds what memory holds, for the next incarnation.
 */
export class Ledger extends DurableObject<Env> {
  readonly #sql: SqlStorage;
  readonly #keys = new Set<string>();
  readonly #leases = new Map<string, Lease>();
  readonly #window = new SlidingWindow(MINUTE_MS);
  #limits: TenantLimits | undefined;
  #nowMs = 0;
  #alarmAtMs = Number.POSITIVE_INFINITY;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#sql = state.storage.sql;
    this.#sql.exec(SCHEMA);
    this.#restore();
  }

  /** Creates the tenant or changes its limits; what is left out keeps its value or takes the default. */
  configure(limits: Partial<TenantLimits>): TenantLimits {
    const merged = tenantLimitsSchema.parse({ ...this.#limits, ...limits });
    this.#sql.exec("INSERT OR REPLACE INTO limits VALUES (1, ?)", JSON.stringify(merged));
    this.#limits = merged;
    return merged;
  }

  /** Lets a key in by the hash of its secret; false when the tenant holds as many keys as it may. */
  addKey(secretSha256: string): boolean {
    if (this.#keys.size >= MAX_KEYS) return false;
    this.#sql.exec("INSERT OR IGNORE INTO keys VALUES (?, ?)", secretSha256, this.#clock());
    this.#keys.add(secretSha256);
    return true;
  }

  /** Admits one request: takes its request, tokens and place, or nothing at all. */
  reserve(call: ReserveCall): ReserveAnswer {
    const limits = this.#limits;
    if (!limits || !this.#keys.has(call.secretSha256)) return { outcome: "unknown_key" };
    const nowMs = this.#clock();
    this.#expire(nowMs);
    const grant = call.generation ? grantTokens(call.generation, limits) : { maxTokens: 0 };
    if ("reason" in grant) return { outcome: "impossible", ...grant, rates: this.#rates(nowMs, limits) };

    const tokens = (call.generation?.promptTokens ?? 0) + grant.maxTokens;
    const waits = this.#window.waitsMs(
      nowMs,
      { requests: limits.requestsPerMinute, tokens: limits.tokensPerMinute },
      tokens,
    );
    const kind = waits.tokens > waits.requests ? "tokens" : "requests";
    if (waits[kind] > 0) {
      const limit = kind === "tokens" ? limits.tokensPerMinute : limits.requestsPerMinute;
      return { outcome: "limited", kind, limit, retryAfterMs: waits[kind], rates: this.#rates(nowMs, limits) };
    }
    if (call.generation && this.#leases.size >= limits.concurrency) {
      const retryAfterMs = CONCURRENCY_RETRY_MS;
      return {
        outcome: "limited",
        kind: "concurrency",
        limit: limits.concurrency,
        retryAfterMs,
        rates: this.#rates(nowMs, limits),
      };
    }

    const untilMs = nowMs + Math.min(MAX_LEASE_MS, LEASE_BASE_MS + LEASE_PER_TOKEN_MS * grant.maxTokens);
    this.#sql.exec(
      "INSERT INTO admissions VALUES (?, ?, ?, ?)",
      call.reservationId,
      nowMs,
      tokens,
      call.generation ? untilMs : null,
    );
    this.#window.add(call.reservationId, nowMs, tokens);
    if (call.generation) this.#leases.set(call.reservationId, { tokens, untilMs });
    this.#schedule(nowMs);
    return { outcome: "admitted", maxTokens: grant.maxTokens, rates: this.#rates(nowMs, limits) };
  }

  /** Ends a reservation at what it really took; the rest is free again. Only the first settlement of one counts. */
  settle(reservationId: string, used: { promptTokens: number; completionTokens: number }): void {
    const lease = this.#leases.get(reservationId);
    if (!lease) return;
    const taken = used.promptTokens + used.completionTokens;
    if (!Number.isSafeInteger(taken) || taken < 0)
      throw new RangeError("settle expects whole counts of tokens from 0 on");
    const tokens = Math.min(taken, lease.tokens);
    this.#sql.exec("UPDATE admissions SET tokens = ?, lease_until_ms = NULL WHERE id = ?", tokens, reservationId);
    this.#window.amend(reservationId, tokens);
    this.#leases.delete(reservationId);
  }

  /** Frees what was never settled, and forgets what left the window. */
  override alarm(): void {
    this.#alarmAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock();
    this.#expire(nowMs);
    this.#sql.exec("DELETE FROM admissions WHERE at_ms <= ? AND lease_until_ms IS NULL", nowMs - MINUTE_MS);
    if (this.#leases.size + this.#window.usage(nowMs).requests > 0) this.#schedule(nowMs);
  }

  /** A lease is out: its settlement was lost, and what it took is unknown, so it takes nothing. */
  #expire(nowMs: number): void {
    for (const [id, lease] of this.#leases) {
      if (lease.untilMs > nowMs) continue;
      this.#sql.exec("UPDATE admissions SET tokens = 0, lease_until_ms = NULL WHERE id = ?", id);
      this.#window.amend(id, 0);
      this.#leases.delete(id);
    }
  }

  #rates(nowMs: number, limits: TenantLimits): RateState {
    const usage = this.#window.usage(nowMs);
    const resets = this.#window.resetsMs(nowMs);
    return {
      limitRequests: limits.requestsPerMinute,
      limitTokens: limits.tokensPerMinute,
      remainingRequests: Math.max(0, limits.requestsPerMinute - usage.requests),
      remainingTokens: Math.max(0, limits.tokensPerMinute - usage.tokens),
      resetRequestsMs: resets.requests,
      resetTokensMs: resets.tokens,
    };
  }

  /** Sets the alarm for the first lease to end, or for when every entry will have left. */
  #schedule(nowMs: number): void {
    let atMs = nowMs + MINUTE_MS;
    for (const lease of this.#leases.values()) atMs = Math.min(atMs, lease.untilMs);
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
    const [limits] = this.#sql.exec<{ json: string }>("SELECT json FROM limits").toArray();
    if (limits) this.#limits = tenantLimitsSchema.parse(JSON.parse(limits.json));
    for (const { secret_sha256 } of this.#sql.exec<{ secret_sha256: string }>("SELECT secret_sha256 FROM keys"))
      this.#keys.add(secret_sha256);
    const admissions = this.#sql.exec<{ id: string; at_ms: number; tokens: number; lease_until_ms: number | null }>(
      "SELECT id, at_ms, tokens, lease_until_ms FROM admissions ORDER BY at_ms",
    );
    for (const { id, at_ms, tokens, lease_until_ms } of admissions) {
      this.#nowMs = at_ms;
      this.#window.add(id, at_ms, tokens);
      if (lease_until_ms !== null) this.#leases.set(id, { tokens, untilMs: lease_until_ms });
    }
  }
}
