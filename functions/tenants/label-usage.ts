import { type Labels, USER } from "./labels.ts";
import type { UsageEntry, UsageRow } from "./usage-book.ts";
import { dayBefore, dayOf } from "./utc-day.ts";

const KEPT_DAYS = 400;
/** Callers choose these: beyond so many on one day, of users and of `metadata`, all others are one, without a value. */
const MAX_LABELS_OF_A_DAY = 500;
/** The name of all metadata that a full day does not know. */
const OTHERS = "…";

/** What was used on one UTC day under one label. */
export interface LabelUsageRow extends Omit<UsageRow, "model" | "keyId"> {
  readonly name: string;
  /** "" is everything beyond the 500 labels that a day tells apart. */
  readonly value: string;
}

type Row = { [Field in keyof LabelUsageRow]: LabelUsageRow[Field] };

/** Usage of one tenant by the labels in its requests. */
export class LabelUsage {
  readonly #sql: SqlStorage;
  #day = "";
  /** Labels that #day tells apart, as `name value` in JSON. */
  #users = new Set<string>();
  #metadata = new Set<string>();

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Adds to every label, on the day of `atMs`, which is when the request was admitted. */
  add(atMs: number, labels: Labels, entry: Omit<UsageEntry, "model" | "keyId" | "rootId">): void {
    const { requests, promptTokens, cachedTokens, completionTokens, costMicros } = entry;
    const day = dayOf(atMs);
    for (const [name, value] of Object.entries(labels))
      this.#sql.exec(
        `INSERT INTO label_usage VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
         requests = requests + excluded.requests,
         prompt_tokens = prompt_tokens + excluded.prompt_tokens,
         cached_tokens = cached_tokens + excluded.cached_tokens,
         completion_tokens = completion_tokens + excluded.completion_tokens,
         micros = micros + excluded.micros`,
        ...[day, ...this.#toldApart(day, name, value)],
        ...[requests, promptTokens, cachedTokens, completionTokens, costMicros],
      );
  }

  /** Of users or of `metadata`, on the days from `from` to `to`, both counted, oldest first. */
  rows(of: "users" | "metadata", from: string, to: string): LabelUsageRow[] {
    return this.#sql
      .exec<Row>(
        `SELECT day, name, value, requests, prompt_tokens AS promptTokens, cached_tokens AS cachedTokens,
         completion_tokens AS completionTokens, micros AS costMicros
         FROM label_usage WHERE day BETWEEN ? AND ? AND (name = '') = ? ORDER BY day, name, value`,
        from,
        to,
        Number(of === "users"),
      )
      .toArray();
  }

  /** The label itself, or what stands for all that a full day does not know. */
  #toldApart(day: string, name: string, value: string): readonly [name: string, value: string] {
    if (day !== this.#day) this.#begin(day);
    const known = name === USER ? this.#users : this.#metadata;
    const label = JSON.stringify([name, value]);
    if (!known.has(label) && known.size >= MAX_LABELS_OF_A_DAY) return [name === USER ? USER : OTHERS, ""];
    known.add(label);
    return [name, value];
  }

  #begin(day: string): void {
    this.#day = day;
    const labels = this.#sql.exec<{ name: string; value: string }>(
      "SELECT name, value FROM label_usage WHERE day = ?",
      day,
    );
    const [users, metadata] = [new Set<string>(), new Set<string>()];
    for (const { name, value } of labels) (name === USER ? users : metadata).add(JSON.stringify([name, value]));
    this.#users = users;
    this.#metadata = metadata;
    this.#sql.exec("DELETE FROM label_usage WHERE day < ?", dayBefore(day, KEPT_DAYS));
  }
}
