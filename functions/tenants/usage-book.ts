import type { Spent } from "./payer.ts";
import { dayBefore, dayOf } from "./utc-day.ts";

const KEPT_DAYS = 400;

/** What was used on one UTC day of one model with one key. */
export interface UsageRow {
  readonly day: string;
  /** "" for requests that generate nothing. */
  readonly model: string;
  readonly keyId: string;
  readonly requests: number;
  readonly promptTokens: number;
  /** Of these, those that a prefix cache already held. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
  /** What it cost, in millionths of the currency. */
  readonly costMicros: number;
}

/** What one request, or one of its sequences, adds. */
export interface UsageEntry extends Omit<UsageRow, "day"> {
  /** The first key of the line of rotations that `keyId` is in. */
  readonly rootId: string;
}

export interface RefusalRow {
  readonly day: string;
  readonly reason: string;
  readonly count: number;
}

type UsageSums = Omit<UsageRow, "day" | "model" | "keyId">;

/** Sums over all days and keys, as far back as the book remembers. */
export interface UsageTotals {
  readonly models: Record<string, UsageSums>;
  readonly refusals: Record<string, number>;
}

/** Usage of one tenant, exact, and its refusals, which are written with the next usage and lost with the object. */
export class UsageBook {
  readonly #sql: SqlStorage;
  #day = "";
  /** Of #day and its month, by line of keys; "" is the tenant. */
  readonly #spent = new Map<string, { tokens: number; micros: number }>();
  readonly #refusals = new Map<string, number>();
  #totals: UsageTotals | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Adds to the day of `atMs`, which is when the request was admitted. */
  add(atMs: number, entry: UsageEntry): void {
    const { model, keyId, rootId, requests, promptTokens, cachedTokens, completionTokens, costMicros } = entry;
    const day = dayOf(atMs);
    this.#sql.exec(
      `INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
       requests = requests + excluded.requests,
       prompt_tokens = prompt_tokens + excluded.prompt_tokens,
       completion_tokens = completion_tokens + excluded.completion_tokens,
       cached_tokens = cached_tokens + excluded.cached_tokens,
       micros = micros + excluded.micros`,
      ...[day, model, keyId, requests, promptTokens, completionTokens, rootId, cachedTokens, costMicros],
    );
    for (const payer of ["", rootId]) {
      const spent = this.#spent.get(payer);
      if (!spent) continue;
      if (day === this.#day) spent.tokens += promptTokens + completionTokens;
      if (day.slice(0, 7) === this.#day.slice(0, 7)) spent.micros += costMicros;
    }
    const total = this.#totals?.models[model];
    if (this.#totals)
      this.#totals.models[model] = {
        requests: (total?.requests ?? 0) + requests,
        promptTokens: (total?.promptTokens ?? 0) + promptTokens,
        cachedTokens: (total?.cachedTokens ?? 0) + cachedTokens,
        completionTokens: (total?.completionTokens ?? 0) + completionTokens,
        costMicros: (total?.costMicros ?? 0) + costMicros,
      };
    this.flushRefusals();
  }

  /** What settled requests of `day` and its month took; of the tenant, or of one line of keys. */
  spent(day: string, rootId?: string): Spent {
    if (day !== this.#day) {
      this.#day = day;
      this.#spent.clear();
      this.#prune(day);
    }
    const payer = rootId ?? "";
    const known = this.#spent.get(payer);
    if (known) return known;
    const sums = this.#sql.exec<{ tokens: number; micros: number }>(
      `SELECT ifnull(sum(micros), 0) AS micros,
       ifnull(sum(CASE WHEN day = ?1 THEN prompt_tokens + completion_tokens END), 0) AS tokens
       FROM usage WHERE day BETWEEN substr(?1, 1, 7) AND substr(?1, 1, 7) || '-31' AND (?2 = '' OR root_id = ?2)`,
      day,
      payer,
    );
    const spent = sums.one();
    this.#spent.set(payer, spent);
    return spent;
  }

  /** Counts a refusal in memory: a caller that hammers must not cost a write each time. */
  refuse(atMs: number, reason: string): void {
    const entry = `${dayOf(atMs)} ${reason}`;
    this.#refusals.set(entry, (this.#refusals.get(entry) ?? 0) + 1);
    if (this.#totals) this.#totals.refusals[reason] = (this.#totals.refusals[reason] ?? 0) + 1;
  }

  /** Refusals wait to be written. */
  get refusalsPending(): boolean {
    return this.#refusals.size > 0;
  }

  flushRefusals(): void {
    for (const [entry, count] of this.#refusals) {
      const upsert = "INSERT INTO refusals VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count";
      this.#sql.exec(upsert, ...entry.split(" "), count);
    }
    this.#refusals.clear();
  }

  /** Of the days from `from` to `to`, both counted, oldest first. */
  usage(from: string, to: string): UsageRow[] {
    return this.#sql
      .exec<{
        day: string;
        model: string;
        keyId: string;
        requests: number;
        promptTokens: number;
        cachedTokens: number;
        completionTokens: number;
        costMicros: number;
      }>(
        `SELECT day, model, key_id AS keyId, requests, prompt_tokens AS promptTokens, cached_tokens AS cachedTokens,
         completion_tokens AS completionTokens, micros AS costMicros
         FROM usage WHERE day BETWEEN ? AND ? ORDER BY day, model, key_id`,
        from,
        to,
      )
      .toArray();
  }

  refusals(from: string, to: string): RefusalRow[] {
    this.flushRefusals();
    return this.#sql
      .exec<{ day: string; reason: string; count: number }>(
        "SELECT day, reason, count FROM refusals WHERE day BETWEEN ? AND ? ORDER BY day, reason",
        from,
        to,
      )
      .toArray();
  }

  /** Read once and kept up to date: it is asked for every few seconds. */
  totals(): UsageTotals {
    if (this.#totals) return this.#totals;
    this.flushRefusals();
    const usage = this.#sql.exec<UsageSums & { model: string }>(
      `SELECT model, sum(requests) AS requests, sum(prompt_tokens) AS promptTokens, sum(cached_tokens) AS cachedTokens,
       sum(completion_tokens) AS completionTokens, sum(micros) AS costMicros FROM usage GROUP BY model`,
    );
    const refusals = this.#sql.exec<{ reason: string; count: number }>(
      "SELECT reason, sum(count) AS count FROM refusals GROUP BY reason",
    );
    this.#totals = {
      models: Object.fromEntries([...usage].map(({ model, ...sums }) => [model, sums])),
      refusals: Object.fromEntries([...refusals].map(({ reason, count }) => [reason, count])),
    };
    return this.#totals;
  }

  #prune(today: string): void {
    for (const table of ["usage", "refusals"])
      this.#sql.exec(`DELETE FROM ${table} WHERE day < ?`, dayBefore(today, KEPT_DAYS));
  }
}
