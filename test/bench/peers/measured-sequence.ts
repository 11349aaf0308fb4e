import { RandomWords } from "../random-words.ts";
import type { Peer } from "./peer.ts";

/** What a peer must be able to do with its one sequence. */
export interface Sequence {
  /** Evaluates batches of ids, each from where the last ended to the logits of its last id; returns the milliseconds. */
  evaluate(batches: readonly (readonly number[])[]): Promise<number>;
  /** Forgets everything after the first `tokens` tokens. */
  truncate(tokens: number): Promise<void>;
}

/** Ids of control and byte tokens come first in Gemma's vocabulary. */
const FIRST_ORDINARY_ID = 300;
const SEED = 20_240_221;
/** The largest batch a sequence is given. */
export const MAX_BATCH_TOKENS = 512;

/** The two measurements on one sequence; a context that is already in the cache is not computed again. */
export class MeasuredSequence implements Pick<Peer, "prefill" | "decode"> {
  readonly #sequence: Sequence;
  readonly #vocabSize: number;
  #cachedTokens = 0;

  constructor(sequence: Sequence, vocabSize: number) {
    this.#sequence = sequence;
    this.#vocabSize = vocabSize;
  }

  async prefill(tokens: number): Promise<number> {
    await this.#truncate(0);
    return this.#fill(tokens);
  }

  async decode(tokens: number, context: number): Promise<number> {
    await this.#truncate(Math.min(this.#cachedTokens, context));
    await this.#fill(context);
    const ms = await this.#sequence.evaluate(this.#idsFrom(context, context + tokens).map((id) => [id]));
    this.#cachedTokens = context + tokens;
    return ms / tokens;
  }

  /** Milliseconds to lengthen the cached text to so many tokens. */
  async #fill(tokens: number): Promise<number> {
    const batches: number[][] = [];
    for (let start = this.#cachedTokens; start < tokens; start += MAX_BATCH_TOKENS)
      batches.push(this.#idsFrom(start, Math.min(tokens, start + MAX_BATCH_TOKENS)));
    const ms = await this.#sequence.evaluate(batches);
    this.#cachedTokens = tokens;
    return ms;
  }

  async #truncate(tokens: number): Promise<void> {
    if (tokens < this.#cachedTokens) await this.#sequence.truncate(tokens);
    this.#cachedTokens = tokens;
  }

  /** The same text for every peer: the id at a position does not depend on where a batch begins. */
  #idsFrom(start: number, end: number): number[] {
    const words = new Uint32Array(end);
    new RandomWords(SEED, "prompt").fill(words);
    const ordinary = this.#vocabSize - FIRST_ORDINARY_ID;
    return Array.from(words.subarray(start), (word) => FIRST_ORDINARY_ID + (word % ordinary));
  }
}
