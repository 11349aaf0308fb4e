import type { InferenceError } from "../../runtime/errors.ts";
import { asLost } from "./failure.ts";
import type { FaultPlace, Frame } from "./frame.ts";
import { Outstanding } from "./outstanding.ts";
import { passes, type Route } from "./replicas.ts";
import { stepLimitMs } from "./time-limit.ts";

/** A frame of rows on its way round. */
interface Step {
  readonly route: Route;
  /** Sessions that have not failed. */
  readonly sessions: Set<number>;
}

/** What a frame of rows takes along. */
export interface StepAsked {
  readonly route: Route;
  readonly sessions: readonly number[];
  readonly rows: number;
  /** The vocabulary shards that will answer. */
  readonly shards: readonly number[];
}

/** The conductor's questions that are not answered yet: frames of rows on their way round, and what shards are asked. */
export class Steps {
  readonly #outstanding = new Outstanding();
  readonly #rowMs: number;
  readonly #underWay = new Map<number, Step>();
  #next = 0;
  #rows = 0;

  /** `rowMs` is what a row may take. */
  constructor(rowMs: number) {
    this.#rowMs = rowMs;
  }

  get unanswered(): number {
    return this.#outstanding.size;
  }

  /** Sends a frame of rows under a new number, and waits for its answers: those of the shards, in their order. */
  async run({ route, sessions, rows, shards }: StepAsked, send: (number: number) => void): Promise<Frame[]> {
    const number = this.#next++;
    this.#underWay.set(number, { route, sessions: new Set(sessions) });
    this.#rows += rows;
    try {
      return await this.#expect(number, shards, 0, send);
    } finally {
      this.#rows -= rows;
      this.#underWay.delete(number);
    }
  }

  /** Asks vocabulary shards directly about `rows` rows. */
  async ask(shards: readonly number[], rows: number, send: (number: number) => void): Promise<Frame[]> {
    return await this.#expect(this.#next++, shards, rows, send);
  }

  /** Takes the answer of a shard. */
  receive(shard: number, frame: Frame): void {
    this.#outstanding.receive(shard, frame);
  }

  /** A direct question failed; of a frame of rows only sessions fail. */
  reject(number: number, error: InferenceError): void {
    if (!this.#underWay.has(number)) this.#outstanding.reject(number, error);
  }

  /** A part is gone, and with it every frame that passes it. */
  lose(place: FaultPlace, error: InferenceError): void {
    if (place.group === "vocabulary") this.#outstanding.loseShard(place.replica, error);
    for (const [number, { route }] of this.#underWay) if (passes(route, place)) this.#outstanding.reject(number, error);
  }

  /** When nothing of a frame goes on, nobody will answer it. */
  fail(session: number, error: unknown): void {
    for (const [number, { sessions }] of this.#underWay)
      if (sessions.delete(session) && sessions.size === 0)
        this.#outstanding.reject(number, asLost(error, "the session"));
  }

  /** Sends, and waits for the answers of `shards` as long as they and `rows` more rows may take. */
  #expect(number: number, shards: readonly number[], rows: number, send: (number: number) => void): Promise<Frame[]> {
    const answers = this.#outstanding.expect(number, shards, stepLimitMs(this.#rows + rows, this.#rowMs));
    try {
      send(number);
    } catch (error) {
      this.#outstanding.reject(number, asLost(error, "the ring"));
    }
    return answers;
  }
}
