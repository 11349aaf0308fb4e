import type { Selection, ShardSelection } from "../../runtime/sampling/selection.ts";
import type { TokenPipeline } from "../../runtime/token-pipeline.ts";

/**
 * Where a generation's time went, in ms, as its conductor saw it. Clocks at the edge stand still between messages, so
 * these are times between asking and hearing; what the conductor computes itself counts nowhere.
 */
export interface Timings {
  /** Until it had a place and its parts were ready. */
  readonly queueMs: number;
  /** Until the prompt's last row was answered. */
  readonly prefillMs: number;
  /** The answers to all later rows. */
  readonly decodeMs: number;
  /** Further rounds for candidates. */
  readonly samplingMs: number;
  /** The part of prefill, decode and sampling that was spent between parts: rounds × hops × what a hop takes. */
  readonly wireMs: number;
  /** From the conductor's taking it on to its last token, and to the one that reads. */
  readonly totalMs: number;
  /** What a hop took, one way, when it ended; 0 as long as nothing is known. */
  readonly hopMs: number;
  /** Hops of a token, one after the other. */
  readonly hopsPerToken: number;
}

/** What a ring knows of its hops. */
export interface Hops {
  /** One way, lately. */
  readonly hopMs: number;
  /** Of a step: from the conductor through every stage and a vocabulary shard, and back. */
  readonly hopsOfStep: number;
}

/** Asked of a vocabulary shard alone. */
const HOPS_OF_QUESTION = 2;

/** A session with a watch: everything takes as long as the session takes. */
export class TimedSession implements TokenPipeline {
  readonly #session: TokenPipeline;
  readonly #hops: Hops;
  readonly #startMs: number;
  readonly #queueMs: number;
  #prefillMs = 0;
  #decodeMs = 0;
  #samplingMs = 0;
  #wireMs = 0;
  #drawing = false;

  /** The generation began at `startMs` of performance.now(), and has waited for `session` until now. */
  constructor(session: TokenPipeline, hops: Hops, startMs: number) {
    this.#session = session;
    this.#hops = hops;
    this.#startMs = startMs;
    this.#queueMs = performance.now() - startMs;
  }

  /** Until now. */
  get timings(): Timings {
    const [queueMs, prefillMs] = [this.#queueMs, this.#prefillMs];
    const [decodeMs, samplingMs, wireMs] = [this.#decodeMs, this.#samplingMs, this.#wireMs];
    const { hopMs, hopsOfStep: hopsPerToken } = this.#hops;
    const totalMs = performance.now() - this.#startMs;
    return { queueMs, prefillMs, decodeMs, samplingMs, wireMs, totalMs, hopMs, hopsPerToken };
  }

  async step(ids: readonly number[], position: number, selection: Selection): Promise<ShardSelection[]> {
    const startMs = performance.now();
    const answers = await this.#session.step(ids, position, selection);
    const tookMs = this.#took(startMs, this.#hops.hopsOfStep);
    if (this.#drawing) this.#decodeMs += tookMs;
    else this.#prefillMs += tookMs;
    this.#drawing = true;
    return answers;
  }

  /** Rows of a prompt alone are scored. */
  async score(ids: readonly number[], position: number, selections: readonly Selection[]): Promise<ShardSelection[][]> {
    const startMs = performance.now();
    const answers = await this.#session.score(ids, position, selections);
    this.#prefillMs += this.#took(startMs, this.#hops.hopsOfStep);
    return answers;
  }

  async reselect(selection: Selection): Promise<ShardSelection[]> {
    const startMs = performance.now();
    const answers = await this.#session.reselect(selection);
    this.#samplingMs += this.#took(startMs, HOPS_OF_QUESTION);
    return answers;
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  #took(startMs: number, hops: number): number {
    const tookMs = performance.now() - startMs;
    this.#wireMs += Math.min(tookMs, hops * this.#hops.hopMs);
    return tookMs;
  }
}
