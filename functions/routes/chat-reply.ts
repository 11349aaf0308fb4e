import { type FinishReason, type ReplyForm, type ReplyHead, usageOf } from "./reply.ts";

/** chat.completion and its chunks. When usage is asked for, every chunk but the last says `usage: null`. */
export function chatReply(head: ReplyHead, includeUsage: boolean): ReplyForm {
  const chunk = (choices: object[], usage: object | null = null) => ({
    ...head,
    object: "chat.completion.chunk",
    choices,
    ...(includeUsage && { usage }),
  });
  const choice = (delta: object, finish_reason: FinishReason | null) => ({
    index: 0,
    delta,
    logprobs: null,
    finish_reason,
  });
  return {
    opening: () => chunk([choice({ role: "assistant", content: "", refusal: null }, null)]),
    delta: (content) => chunk([choice({ content }, null)]),
    closing: (finish) => chunk([choice({}, finish)]),
    usage: (usage) => chunk([], usageOf(usage)),
    whole: (content, finish_reason, usage) => ({
      ...head,
      object: "chat.completion",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content, refusal: null, annotations: [] },
          logprobs: null,
          finish_reason,
        },
      ],
      usage: usageOf(usage),
    }),
  };
}
