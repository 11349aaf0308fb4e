import type { KeyLimits, TenantLimits } from "../../../functions/tenants/limits.ts";
import { PRICES } from "./fresh-ledger.ts";

type Limits = Pick<
  KeyLimits,
  "requestsPerMinute" | "tokensPerMinute" | "tokensPerDay" | "budgetMicrosPerMonth" | "concurrency"
>;

interface Entry {
  readonly key: string;
  readonly atMs: number;
  readonly requests: number;
  readonly promptTokens: number;
  /** The lease's end. */
  readonly untilMs: number;
  /** As reserved, and from its settlement on as used. */
  tokens: number;
  micros: number;
  running: boolean;
}

export interface Sequence {
  readonly promptTokens: number;
  readonly maxTokens: number;
}

const MINUTE_MS = 60_000;
const isoOf = (ms: number) => new Date(ms).toISOString();

export const costOf = (promptTokens: number, completionTokens: number) =>
  Math.ceil((promptTokens * PRICES.promptMicros + completionTokens * PRICES.completionMicros) / 1e6);

/** The rules of limits once more, as plainly as they can be said: every request ever admitted, added up for each question. */
export class CountingJudge {
  limits: TenantLimits;
  readonly keyLimits = new Map<string, Limits>();
  readonly #entries = new Map<string, Entry>();

  constructor(limits: TenantLimits) {
    this.limits = limits;
  }

  fits(key: string, sequences: readonly Sequence[], nowMs: number): boolean {
    const all = [...this.#entries.values()];
    return (
      this.#fits(this.limits, all, sequences, nowMs) &&
      this.#fits(
        this.keyLimits.get(key)!,
        all.filter((entry) => entry.key === key),
        sequences,
        nowMs,
      )
    );
  }

  admit(id: string, key: string, sequences: readonly Sequence[], atMs: number): void {
    for (const [index, { promptTokens, maxTokens }] of sequences.entries())
      this.#entries.set(`${id}/${index}`, {
        key,
        atMs,
        requests: index === 0 ? 1 : 0,
        promptTokens,
        untilMs: atMs + MINUTE_MS + 250 * sequences.length * maxTokens,
        tokens: promptTokens + maxTokens,
        micros: costOf(promptTokens, maxTokens),
        running: true,
      });
  }

  settle(id: string, index: number, completionTokens: number, computedPromptTokens?: number): void {
    const entry = this.#entries.get(`${id}/${index}`)!;
    if (!entry.running) return;
    const promptTokens = Math.min(entry.promptTokens, computedPromptTokens ?? entry.promptTokens);
    entry.tokens = promptTokens + completionTokens;
    entry.micros = costOf(promptTokens, completionTokens);
    entry.running = false;
  }

  /** Settlements that were not there in time are lost: what they would have said counts for nothing. */
  expire(nowMs: number): void {
    for (const entry of this.#entries.values()) {
      if (!entry.running || entry.untilMs > nowMs) continue;
      entry.tokens = 0;
      entry.micros = 0;
      entry.running = false;
    }
  }

  /** Of all that has settled. */
  sums() {
    const settled = [...this.#entries.values()].filter(({ running }) => !running);
    return {
      requests: sum(settled, ({ requests }) => requests),
      tokens: sum(settled, ({ tokens }) => tokens),
      micros: sum(settled, ({ micros }) => micros),
    };
  }

  #fits(limits: Limits, entries: readonly Entry[], sequences: readonly Sequence[], nowMs: number): boolean {
    const minute = entries.filter(({ atMs }) => atMs > nowMs - MINUTE_MS);
    const today = entries.filter(({ atMs }) => isoOf(atMs).slice(0, 10) === isoOf(nowMs).slice(0, 10));
    const month = entries.filter(({ atMs }) => isoOf(atMs).slice(0, 7) === isoOf(nowMs).slice(0, 7));
    const tokens = sum(sequences, ({ promptTokens, maxTokens }) => promptTokens + maxTokens);
    const micros = sum(sequences, ({ promptTokens, maxTokens }) => costOf(promptTokens, maxTokens));
    const within = (limit: number | null, used: number) => limit === null || used <= limit;
    return (
      within(limits.requestsPerMinute, sum(minute, ({ requests }) => requests) + 1) &&
      within(limits.tokensPerMinute, sum(minute, (entry) => entry.tokens) + tokens) &&
      within(limits.tokensPerDay, sum(today, (entry) => entry.tokens) + tokens) &&
      within(limits.budgetMicrosPerMonth, sum(month, (entry) => entry.micros) + micros) &&
      within(limits.concurrency, entries.filter(({ running }) => running).length + sequences.length)
    );
  }
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
