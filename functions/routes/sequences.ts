import type { Env } from "../env.ts";
import { ApiError } from "../errors.ts";
import type { AnswerEvent } from "../generation-events.ts";
import { interleave } from "../interleave.ts";
import { timedEvents } from "../metrics/timed-events.ts";
import type { Model } from "../model.ts";
import type { GenerateCall } from "../pipeline/generation-call.ts";
import type { Timings } from "../pipeline/timings.ts";
import { type Generation, release, startGeneration } from "./generation.ts";

/** Sequences of one request that run at the same time; the others follow, so that one request does not fill a pipeline. */
const PARALLEL_SEQUENCES = 8;

/** An event of sequence `index` of a request. */
export interface SequenceEvent {
  readonly index: number;
  readonly event: AnswerEvent;
}

/**
 * The admitted sequences of one request: when one fails, the request fails, the others end, and nothing is charged. Where
 * they are kept, others may read them too, and only this reading of them ends.
 */
export class Sequences {
  readonly #env: Env;
  readonly #model: Model;
  readonly #calls: readonly GenerateCall[];
  readonly #waiting: number[];
  readonly #running = new Map<number, Generation>();
  /** Those that a conductor has not taken on yet; none rejects. */
  readonly #starting = new Set<Promise<void>>();
  #timings: Timings | undefined;
  #leaving: Promise<void> | undefined;

  private constructor(env: Env, model: Model, calls: readonly GenerateCall[]) {
    this.#env = env;
    this.#model = model;
    this.#calls = calls;
    this.#waiting = [...calls.keys()];
  }

  /** Starts the first. An ApiError when it is refused: nothing has been answered yet. */
  static async start(env: Env, model: Model, calls: readonly GenerateCall[]): Promise<Sequences> {
    const sequences = new Sequences(env, model, calls);
    try {
      await sequences.#start(0);
      sequences.#waiting.shift();
      return sequences;
    } catch (error) {
      await sequences.#giveUp();
      throw error;
    }
  }

  /** Of the sequence that took longest, among those that have ended. */
  get timings(): Timings | undefined {
    return this.#timings;
  }

  /** Up to every sequence's `done`; throws an ApiError when one of them fails. `startMs` is when the request came. */
  async *events(startMs: number): AsyncGenerator<SequenceEvent> {
    const begun = [...this.#running.keys()];
    const begin = () => {
      const index = begun.shift() ?? this.#waiting.shift();
      return index === undefined ? undefined : this.#sequence(index, startMs);
    };
    try {
      yield* interleave(begin, PARALLEL_SEQUENCES);
    } catch (error) {
      const cancelled = error instanceof ApiError && error.code === "generation_cancelled";
      if (this.#leaving === undefined && !cancelled) await this.#giveUp();
      await this.leave();
      throw error;
    }
  }

  /** Ends the work when nobody wants the answer any more; never rejects. */
  leave(): Promise<void> {
    this.#leaving ??= Promise.all([
      ...this.#waiting.splice(0).map((index) => release(this.#env, this.#model, this.#calls[index]!)),
      ...[...this.#running.values()].map((generation) => generation.leave()),
      // They are left as soon as they have started, which must not be cut off with the request.
      ...this.#starting,
    ]).then(() => undefined);
    return this.#leaving;
  }

  async *#sequence(index: number, startMs: number): AsyncGenerator<SequenceEvent> {
    const generation = this.#running.get(index) ?? (await this.#start(index));
    for await (const event of timedEvents(generation.events, startMs)) {
      if (event.type === "done") this.#timings = longer(this.#timings, event.timings);
      yield { index, event };
    }
    this.#running.delete(index);
  }

  /** One that finds no room tries again as long as others of the request are under way. */
  async #start(index: number): Promise<Generation> {
    const patient = () => this.#running.size > 0 && this.#leaving === undefined;
    const started = startGeneration(this.#env, this.#model, this.#calls[index]!, patient).then(async (generation) => {
      this.#running.set(index, generation);
      // The reader left while it was starting.
      if (this.#leaving !== undefined) await generation.leave();
      return generation;
    });
    const over = started.then(
      () => {},
      () => {},
    );
    this.#starting.add(over);
    try {
      return await started;
    } finally {
      this.#starting.delete(over);
    }
  }

  /** Settles everything at nothing that nobody else reads; what was settled before stays. */
  async #giveUp(): Promise<void> {
    const calls = this.#calls.filter((call, index) => !call.kept || !this.#running.has(index));
    await Promise.all(calls.map((call) => release(this.#env, this.#model, call)));
  }
}

function longer(one: Timings | undefined, other: Timings | undefined): Timings | undefined {
  return one && other ? (other.totalMs > one.totalMs ? other : one) : (one ?? other);
}
