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
  readonly completionTokens: number;
}

export interface RefusalRow {
  readonly day: string;
  readonly reason: string;
  readonly count: number;
}

/** Sums over all days and keys, as far back as the book remembers. */
export interface UsageTotals {
  readonly models: Record<string, Omit<UsageRow, "day" | "model" | "keyId">>;
  readonly refusals: Record<string, number>;
}

/** Usage of one tenant, exact, and its refusals, which are written with the next usage and lost with the object. */
export class UsageBook {
  readonly #sql: SqlStorage;
  #day = "";
  #dayTokens = 0;
  readonly #refusals = new Map<string, number>();
  #totals: UsageTotals | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Adds to the day of `atMs`, which is when the request was admitted. */
  add(atMs: number, entry: Omit<UsageRow, "day">): void {
    const { model, keyId, requests, promptTokens, completionTokens } = entry;
    const day = dayOf(atMs);
    this.#sql.exec(
      `INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET requests = requests + excluded.requests,
       prompt_tokens = prompt_tokens + excluded.prompt_tokens,
       completion_tokens = completion_tokens + excluded.completion_tokens`,
      day,
      model,
      keyId,
      requests,
      promptTokens,
      completionTokens,
    );
    if (day === this.#day) this.#dayTokens += promptTokens + completionTokens;
    const total = this.#totals?.models[model];
    if (this.#totals)
      this.#totals.models[model] = {
        requests: (total?.requests ?? 0) + requests,
        promptTokens: (total?.promptTokens ?? 0) + promptTokens,
        completionTokens: (total?.completionTokens ?? 0) + completionTokens,
      };
    this.flushRefusals();
  }

  /** Tokens of `day`, settled requests alone. */
  tokensOf(day: string): number {
    if (day !== this.#day) {
      this.#day = day;
      const total = "SELECT ifnull(sum(prompt_tokens + completion_tokens), 0) AS tokens FROM usage WHERE day = ?";
      this.#dayTokens = this.#sql.exec<{ tokens: number }>(total, day).one().tokens;
      this.#prune(day);
    }
    return this.#dayTokens;
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
        completionTokens: number;
      }>(
        `SELECT day, model, key_id AS keyId, requests, prompt_tokens AS promptTokens, completion_tokens AS completionTokens
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
    const usage = this.#sql.exec<{ model: string; requests: number; promptTokens: number; completionTokens: number }>(
      `SELECT model, sum(requests) AS requests, sum(prompt_tokens) AS promptTokens,
       sum(completion_tokens) AS completionTokens FROM usage GROUP BY model`,
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
