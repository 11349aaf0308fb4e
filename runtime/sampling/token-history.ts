import type { LogitEdits, SamplingParameters } from "./selection.ts";

/** What only the next token's logits meet. */
export interface NextToken {
  /** Cannot be drawn; each id once. */
  readonly banned: readonly number[];
  /** As LogitEdits.allowed. */
  readonly allowed: Uint32Array | null;
}

/** What was said so far in one sequence, and the edits that follow from it. */
export class TokenHistory {
  readonly #parameters: SamplingParameters;
  readonly #bias: ReadonlyMap<number, number>;
  readonly #counts = new Map<number, number>();
  readonly #said: Set<number>;

  constructor(parameters: SamplingParameters, promptIds: readonly number[]) {
    this.#parameters = parameters;
    this.#bias = new Map(parameters.logitBias);
    this.#said = new Set(promptIds);
  }

  /** A token was drawn. */
  add(id: number): void {
    this.#said.add(id);
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
  }

  /**
   * Edits to the next token's logits, of the ids concerned alone; undefined where nothing changes. The repetition penalty
   * meets prompt and answer, the other two the answer (as in Hugging Face's and vLLM's samplers).
   */
  edits({ banned, allowed }: NextToken): LogitEdits | undefined {
    const { repetitionPenalty = 1 } = this.#parameters;
    const shifts = this.#shifts();
    if (repetitionPenalty === 1 && shifts.size === 0 && banned.length === 0 && allowed === null) return undefined;
    return {
      repetitionPenalty,
      repeated: repetitionPenalty === 1 ? new Uint32Array(0) : Uint32Array.from(this.#said),
      shifted: Uint32Array.from(shifts.keys()),
      shifts: Float32Array.from(shifts.values()),
      banned: Uint32Array.from(banned),
      allowed,
    };
  }

  #shifts(): Map<number, number> {
    const { frequencyPenalty = 0, presencePenalty = 0 } = this.#parameters;
    const shifts = new Map(this.#bias);
    if (frequencyPenalty !== 0 || presencePenalty !== 0)
      for (const [id, count] of this.#counts)
        shifts.set(id, (shifts.get(id) ?? 0) - frequencyPenalty * count - presencePenalty);
    return shifts;
  }
}
