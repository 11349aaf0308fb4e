import { type FinishReason, type ReplyForm, type ReplyHead, usageOf } from "./reply.ts";

/** text_completion, whole and in chunks, which have the same form. */
export function completionReply(head: ReplyHead, includeUsage: boolean): ReplyForm {
  const object = "text_completion";
  const chunk = (choices: object[], usage: object | null = null) => ({
    ...head,
    object,
    choices,
    ...(includeUsage && { usage }),
  });
  const choice = (text: string, finish_reason: FinishReason | null) => ({
    index: 0,
    text,
    logprobs: null,
    finish_reason,
  });
  return {
    opening: () => undefined,
    delta: (text) => chunk([choice(text, null)]),
    closing: (finish) => chunk([choice("", finish)]),
    usage: (usage) => chunk([], usageOf(usage)),
    whole: (text, finish, usage) => ({ ...head, object, choices: [choice(text, finish)], usage: usageOf(usage) }),
  };
}
