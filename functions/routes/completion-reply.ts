import { completionLogprobs } from "./logprobs-reply.ts";
import { type FinishReason, type ReplyForm, type ReplyHead, type ReplyOptions, usageOf } from "./reply.ts";
import type { ScoredToken } from "./scored-token.ts";

/** text_completion, whole and in chunks, which have the same form. */
export function completionReply(head: ReplyHead, { includeUsage, logprobs, choices }: ReplyOptions): ReplyForm {
  const object = "text_completion";
  const chunk = (choices: object[], usage: object | null = null) => ({
    ...head,
    object,
    choices,
    ...(includeUsage && { usage }),
  });
  const choice = (index: number, text: string, tokens: readonly ScoredToken[], finish_reason: FinishReason | null) => ({
    index,
    text,
    logprobs: logprobs ? completionLogprobs(tokens) : null,
    finish_reason,
  });
  return {
    choices,
    // Evaluation harnesses cut the list by the number of tokens that they asked for.
    scoresEnd: true,
    opening: () => undefined,
    delta: ({ index, text, tokens }) => chunk([choice(index, text, tokens, null)]),
    closing: ({ index, finish }) => chunk([{ index, text: "", logprobs: null, finish_reason: finish }]),
    usage: (usage) => chunk([], usageOf(usage)),
    whole: (choices, usage) => ({
      ...head,
      object,
      choices: choices.map(({ index, text, tokens, finish }) => choice(index, text, tokens, finish)),
      usage: usageOf(usage),
    }),
  };
}
