import type { Selection, ShardSelection } from "../../runtime/sampling/selection.ts";
import type { Offer } from "./offer.ts";
import type { Route } from "./replicas.ts";

/** The rows of a passage that are put in line. */
export type OfferedRows = Omit<Offer, "session" | "share">;

/** One attempt at a session: a number the parts know it by, and a route. A replay is another passage. */
export class Passage {
  readonly number: number;
  readonly route: Route;
  readonly #offer: (rows: OfferedRows) => void;
  /** Of those who wait now: one promise for all waits would remember each of them for as long as the passage lives. */
  readonly #onFailure = new Set<(reason: unknown) => void>();
  #failure: { readonly reason: unknown } | null = null;
  #unsentRows = 0;
  #sent = Promise.withResolvers<void>();
  #answers: ShardSelection[][] = [];
  #unanswered = 0;
  #answered = Promise.withResolvers<ShardSelection[][]>();
  #computedRows = 0;

  constructor(number: number, route: Route, offer: (rows: OfferedRows) => void) {
    this.number = number;
    this.route = route;
    this.#offer = offer;
  }

  get failed(): boolean {
    return this.#failure !== null;
  }

  /** Rows that went through all stages. */
  get computedRows(): number {
    return this.#computedRows;
  }

  /** `count` answers are to come for the rows offered from now on. */
  expect(count: number): void {
    this.#answers = [];
    this.#unanswered = count;
    this.#answered = Promise.withResolvers();
  }

  /** Puts rows in line; resolves when the last of them is on its way. */
  async offer(position: number, hidden: Float32Array, rows: number, selections: readonly Selection[]): Promise<void> {
    this.#unsentRows = rows;
    this.#sent = Promise.withResolvers();
    if (!this.failed) this.#offer({ position, rows, hidden, selections });
    await this.unlessFailed(this.#sent.promise);
  }

  /** For each expected row what the vocabulary shards answer, in their order. */
  async answers(): Promise<ShardSelection[][]> {
    return await this.unlessFailed(this.#answered.promise);
  }

  /** Settles like `work`, or rejects as soon as the passage fails. */
  async unlessFailed<Value>(work: Promise<Value>): Promise<Value> {
    const { promise, reject } = Promise.withResolvers<never>();
    if (this.#failure === null) this.#onFailure.add(reject);
    else reject(this.#failure.reason);
    try {
      return await Promise.race([promise, work]);
    } finally {
      this.#onFailure.delete(reject);
    }
  }

  sent(rows: number): void {
    this.#unsentRows -= rows;
    if (this.#unsentRows === 0) this.#sent.resolve();
  }

  computed(rows: number): void {
    this.#computedRows += rows;
  }

  /** Takes the answers of the next rows; frames of one route are answered in their order. */
  answered(rows: readonly ShardSelection[][]): void {
    this.#answers.push(...rows);
    this.#unanswered -= rows.length;
    if (this.#unanswered === 0) this.#answered.resolve(this.#answers);
  }

  fail(reason: unknown): void {
    this.#failure ??= { reason };
    for (const reject of this.#onFailure) reject(reason);
    this.#onFailure.clear();
  }
}
