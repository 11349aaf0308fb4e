import { InferenceError } from "../errors.ts";
import type { TokenConstraint } from "../generate.ts";
import type { State } from "./automaton.ts";
import type { CompiledGrammar } from "./compiled-grammar.ts";

export interface ConstraintLimits {
  /** Of the whole answer, with the token that ends it. */
  readonly maxTokens: number;
  /** Tokens that end the answer: allowed where it may end, and nowhere else. */
  readonly stopIds: readonly number[];
}

/**
 * Holds one answer to a grammar. A token is allowed when the answer can still be ended within its tokens after it; only
 * an answer that had too few from the start may be cut.
 */
export class GrammarConstraint implements TokenConstraint {
  readonly #grammar: CompiledGrammar;
  readonly #maxTokens: number;
  readonly #stopIds: ReadonlySet<number>;
  readonly #mask: Uint32Array;
  #state: State;
  #tokens = 0;

  constructor(grammar: CompiledGrammar, { maxTokens, stopIds }: ConstraintLimits) {
    this.#grammar = grammar;
    this.#maxTokens = maxTokens;
    this.#stopIds = new Set(stopIds);
    const words = Math.max(grammar.vocabulary.words, ...stopIds.map((id) => (id >>> 5) + 1));
    this.#mask = new Uint32Array(words);
    this.#state = grammar.automaton.start;
  }

  /** null where every token is allowed. */
  allowed(): Uint32Array | null {
    const { masks } = this.#grammar;
    const { accepting, cost } = this.#state;
    if (this.#grammar.isFree(this.#state)) return null;
    const left = this.#maxTokens - this.#tokens;
    // One for the token to be drawn, one for the token that ends the answer.
    const costLimit = cost + 1 <= left ? left - 2 : Number.POSITIVE_INFINITY;
    this.#mask.set(masks.allowed(this.#state, costLimit));
    for (const id of this.#stopIds) {
      if (accepting) this.#mask[id >>> 5]! |= 1 << (id & 31);
      else this.#mask[id >>> 5]! &= ~(1 << (id & 31));
    }
    // Costs are exact but where the automaton gave ways up: rather an answer that may be cut than none.
    if (!this.#mask.some((word) => word !== 0)) this.#mask.set(masks.allowed(this.#state, Number.POSITIVE_INFINITY));
    return this.#mask;
  }

  /** InferenceError internal for a token that was not allowed. */
  accept(id: number): void {
    this.#tokens += 1;
    if (this.#stopIds.has(id)) return;
    for (const byte of this.#grammar.vocabulary.bytesOf(id)) {
      const next = this.#grammar.automaton.step(this.#state, byte);
      if (next === null) throw new InferenceError("internal", `token ${id} does not follow from the answer's grammar`);
      this.#state = next;
    }
  }
}
