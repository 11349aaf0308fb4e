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
  readonly #failure = Promise.withResolvers<never>();
  #failed = false;
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
    // Nobody may be waiting when a link breaks; the next wait will meet the failure.
    this.#failure.promise.catch(() => {});
  }

  get failed(): boolean {
    return this.#failed;
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
    if (!this.#failed) this.#offer({ position, rows, hidden, selections });
    await this.unlessFailed(this.#sent.promise);
  }

  /** For each expected row what the vocabulary shards answer, in their order. */
  async answers(): Promise<ShardSelection[][]> {
    return await this.unlessFailed(this.#answered.promise);
  }

  /** Settles like `work`, or rejects as soon as the passage fails. */
  async unlessFailed<Value>(work: Promise<Value>): Promise<Value> {
    return await Promise.race([this.#failure.promise, work]);
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
    this.#failed = true;
    this.#failure.reject(reason);
  }
}
