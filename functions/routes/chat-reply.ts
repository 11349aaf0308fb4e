import { chatLogprobs } from "./logprobs-reply.ts";
import { type ReplyForm, type ReplyHead, type ReplyOptions, usageOf } from "./reply.ts";
import type { ScoredToken } from "./scored-token.ts";

/** chat.completion and its chunks. When usage is asked for, every chunk but the last says `usage: null`. */
export function chatReply(head: ReplyHead, { includeUsage, logprobs, choices }: ReplyOptions): ReplyForm {
  const chunk = (choices: object[], usage: object | null = null) => ({
    ...head,
    object: "chat.completion.chunk",
    choices,
    ...(includeUsage && { usage }),
  });
  const scores = (tokens: readonly ScoredToken[]) => (logprobs ? chatLogprobs(tokens) : null);
  const rest = { logprobs: null, finish_reason: null };
  return {
    choices,
    scoresEnd: false,
    opening: (index) => chunk([{ index, delta: { role: "assistant", content: "", refusal: null }, ...rest }]),
    delta: ({ index, text, tokens }) => chunk([{ index, delta: { content: text }, ...rest, logprobs: scores(tokens) }]),
    closing: ({ index, finish }) => chunk([{ index, delta: {}, ...rest, finish_reason: finish }]),
    usage: (usage) => chunk([], usageOf(usage)),
    whole: (choices, usage) => ({
      ...head,
      object: "chat.completion",
      choices: choices.map(({ index, text, tokens, finish }) => ({
        index,
        message: { role: "assistant", content: text, refusal: null, annotations: [] },
        logprobs: scores(tokens),
        finish_reason: finish,
      })),
      usage: usageOf(usage),
    }),
  };
}
