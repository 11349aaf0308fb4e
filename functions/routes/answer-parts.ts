import type { Tokenizer } from "../../runtime/tokenizer/tokenizer.ts";
import type { FinishReason, Usage } from "./reply.ts";
import { type ScoredToken, TokenScorer } from "./scored-token.ts";
import type { SequenceEvent } from "./sequences.ts";

export interface AnswerPrompt {
  readonly ids: readonly number[];
  /** The prompt's text, where it is part of the answer. */
  readonly echo?: string;
}

/** More text of choice `index`, and the tokens in it where their log-probabilities were asked for. */
export interface TextPart {
  readonly type: "text";
  readonly index: number;
  /** Tokens of the answer up to and with this part. */
  readonly drawnTokens: number;
  readonly text: string;
  readonly tokens: readonly ScoredToken[];
}

export interface EndPart extends Usage {
  readonly type: "end";
  readonly index: number;
  readonly finish: FinishReason;
}

export interface PartsOptions {
  /** Of each choice. */
  readonly prompts: readonly AnswerPrompt[];
  readonly tokenizer: Tokenizer | null;
  /** Tokens that are not shown among the scored ones. */
  readonly hiddenIds: ReadonlySet<number>;
}

/** What the sequences of a request add to its answer. */
export async function* answerParts(
  events: AsyncGenerator<SequenceEvent>,
  { prompts, tokenizer, hiddenIds }: PartsOptions,
): AsyncGenerator<TextPart | EndPart> {
  const choices = prompts.map((prompt) => ({
    prompt,
    scorer: new TokenScorer(tokenizer),
    promptTokens: [] as ScoredToken[],
    begun: false,
    drawnTokens: 0,
  }));
  for await (const { index, event } of events) {
    const choice = choices[index]!;
    const { prompt, scorer, promptTokens } = choice;
    if (event.type === "prompt") {
      const ids = prompt.ids.slice(promptTokens.length, promptTokens.length + event.logprobs.length);
      promptTokens.push(...scorer.score(ids, event.logprobs));
      continue;
    }
    if (!choice.begun && prompt.echo !== undefined)
      yield { type: "text", index, drawnTokens: 0, text: prompt.echo, tokens: promptTokens };
    choice.begun = true;
    if (event.type === "done") {
      const { finish, promptTokens, cachedTokens = 0, completionTokens } = event;
      yield { type: "end", index, finish, promptTokens, cachedTokens, completionTokens };
    } else {
      const { ids, text, logprobs } = event;
      choice.drawnTokens += ids.length;
      const { drawnTokens } = choice;
      const tokens = logprobs ? scorer.score(ids, logprobs).filter(({ id }) => !hiddenIds.has(id)) : [];
      if (text !== "" || tokens.length > 0) yield { type: "text", index, drawnTokens, text, tokens };
    }
  }
}
