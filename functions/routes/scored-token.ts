import type { TokenLogProbability } from "../../runtime/sampling/log-probability.ts";
import type { Detokenizer } from "../../runtime/tokenizer/detokenizer.ts";
import type { TokenName } from "../../runtime/tokenizer/token-name.ts";
import type { Tokenizer } from "../../runtime/tokenizer/tokenizer.ts";

/** A token as the answer shows it. */
export interface NamedLogProbability extends TokenName {
  readonly id: number;
  readonly logprob: number;
}

/** A token with how probable it was. */
export interface ScoredToken extends TokenName {
  readonly id: number;
  /** null for the first of a prompt, which follows nothing. */
  readonly logprob: number | null;
  readonly top: readonly NamedLogProbability[];
  /** Characters (code points) of the text before it. */
  readonly offset: number;
}

/** Names the tokens of one text that comes in parts, and says where in the text each begins. */
export class TokenScorer {
  readonly #tokenizer: Tokenizer | null;
  readonly #detokenizer: Detokenizer | undefined;
  #offset = 0;

  /** Without a tokenizer tokens are named by their ids. */
  constructor(tokenizer: Tokenizer | null) {
    this.#tokenizer = tokenizer;
    this.#detokenizer = tokenizer?.detokenizer();
  }

  score(ids: readonly number[], logprobs: readonly (TokenLogProbability | null)[]): ScoredToken[] {
    return ids.map((id, index) => {
      const scored = logprobs[index];
      const offset = this.#offset;
      this.#offset += [...this.#textOf(id)].length;
      return {
        ...this.#name(id),
        id,
        logprob: scored?.logprob ?? null,
        top: (scored?.top ?? []).map((other) => ({ ...this.#name(other.id), id: other.id, logprob: other.logprob })),
        offset,
      };
    });
  }

  #textOf(id: number): string {
    return this.#isPiece(id) ? this.#detokenizer!.push(id) : "";
  }

  #name(id: number): TokenName {
    return this.#isPiece(id) ? this.#tokenizer!.name(id) : { text: `token_id:${id}`, bytes: null };
  }

  /** A model may have more rows than its tokenizer has pieces. */
  #isPiece(id: number): boolean {
    return this.#tokenizer !== null && id < this.#tokenizer.pieceCount;
  }
}
