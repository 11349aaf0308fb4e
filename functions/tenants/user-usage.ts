import type { UsageEntry, UsageRow } from "./usage-book.ts";
import { dayBefore, dayOf } from "./utc-day.ts";

const KEPT_DAYS = 400;
/** Callers choose these names: beyond so many on one day, all others are one, without a name. */
const MAX_USERS_OF_A_DAY = 500;

/** What was used on one UTC day by one of the tenant's own users, as requests name them in `user`. */
export interface UserUsageRow extends Omit<UsageRow, "model" | "keyId"> {
  /** "" is everyone beyond the 500 that a day tells apart. */
  readonly user: string;
}

interface Row extends Record<string, SqlStorageValue> {
  day: string;
  user: string;
  requests: number;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  costMicros: number;
}

/** Usage of one tenant by the names in its requests. */
export class UserUsage {
  readonly #sql: SqlStorage;
  #day = "";

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Adds to the day of `atMs`, which is when the request was admitted. */
  add(atMs: number, user: string, entry: Omit<UsageEntry, "model" | "keyId" | "rootId">): void {
    const { requests, promptTokens, cachedTokens, completionTokens, costMicros } = entry;
    const day = dayOf(atMs);
    this.#prune(day);
    this.#sql.exec(
      `INSERT INTO user_usage VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
       requests = requests + excluded.requests,
       prompt_tokens = prompt_tokens + excluded.prompt_tokens,
       cached_tokens = cached_tokens + excluded.cached_tokens,
       completion_tokens = completion_tokens + excluded.completion_tokens,
       micros = micros + excluded.micros`,
      ...[day, this.#toldApart(day, user), requests, promptTokens, cachedTokens, completionTokens, costMicros],
    );
  }

  /** Of the days from `from` to `to`, both counted, oldest first. */
  rows(from: string, to: string): UserUsageRow[] {
    return this.#sql
      .exec<Row>(
        `SELECT day, user, requests, prompt_tokens AS promptTokens, cached_tokens AS cachedTokens,
         completion_tokens AS completionTokens, micros AS costMicros
         FROM user_usage WHERE day BETWEEN ? AND ? ORDER BY day, user`,
        from,
        to,
      )
      .toArray();
  }

  #toldApart(day: string, user: string): string {
    const counted = this.#sql.exec<{ known: number; users: number }>(
      "SELECT ifnull(sum(user = ?), 0) AS known, count(*) AS users FROM user_usage WHERE day = ? AND user <> ''",
      user,
      day,
    );
    const { known, users } = counted.one();
    return known > 0 || users < MAX_USERS_OF_A_DAY ? user : "";
  }

  #prune(today: string): void {
    if (today === this.#day) return;
    this.#day = today;
    this.#sql.exec("DELETE FROM user_usage WHERE day < ?", dayBefore(today, KEPT_DAYS));
  }
}
