import { InferenceError } from "./errors.ts";
import { StopStrings } from "./stop-strings.ts";
import type { Detokenizer } from "./tokenizer/detokenizer.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";

/** "stop" at a stop id or stop string, "length" at the limit. */
export type Finish = "stop" | "length";

export interface AnswerLimits {
  readonly maxTokens: number;
  /** Ids that end the answer; they have no text. */
  readonly stopIds: readonly number[];
  /** Text at which the answer ends; the text itself is not given out. Needs a tokenizer. */
  readonly stop: readonly string[];
}

/** The text of an answer that comes token by token, up to its end. Without a tokenizer every text is empty. */
export class AnswerText {
  readonly #maxTokens: number;
  readonly #stopIds: ReadonlySet<number>;
  readonly #stops: StopStrings;
  readonly #detokenizer: Detokenizer | undefined;
  #finish: Finish | undefined;
  #tokens = 0;

  /** InferenceError unsupported when there are stop strings and no tokenizer. */
  constructor(tokenizer: Tokenizer | null, { maxTokens, stopIds, stop }: AnswerLimits) {
    if (stop.length > 0 && !tokenizer)
      throw new InferenceError("unsupported", "stop strings need a tokenizer, and this model has none");
    this.#maxTokens = maxTokens;
    this.#stopIds = new Set(stopIds);
    this.#stops = new StopStrings(stop);
    this.#detokenizer = tokenizer?.detokenizer();
    if (maxTokens <= 0) this.#finish = "length";
  }

  /** Why the answer is over; undefined until then. */
  get finish(): Finish | undefined {
    return this.#finish;
  }

  /** With the stop id. */
  get tokens(): number {
    return this.#tokens;
  }

  /** Takes the next token and gives the text that may be shown now. */
  push(id: number): string {
    this.#tokens += 1;
    let text = "";
    if (this.#stopIds.has(id)) this.#finish = "stop";
    else if (this.#detokenizer) text = this.#stops.push(this.#detokenizer.push(id));
    if (!this.#finish && this.#tokens === this.#maxTokens) this.#finish = "length";
    if (this.#finish && this.#detokenizer) text += this.#stops.push(this.#detokenizer.flush()) + this.#stops.flush();
    if (this.#stops.stopped) this.#finish = "stop";
    return text;
  }
}
