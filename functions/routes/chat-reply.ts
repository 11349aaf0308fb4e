import { type AnswerPart, type CallPart, CallReader } from "../../runtime/tokenizer/call-reader.ts";
import { chatLogprobs } from "./logprobs-reply.ts";
import { type FinishReason, type ReplyForm, type ReplyHead, type ReplyOptions, usageOf } from "./reply.ts";
import type { ScoredToken } from "./scored-token.ts";

/** Tells the calls in one answer from its text. */
interface AnswerReader {
  readonly isCalls: boolean;
  push(text: string): AnswerPart;
}

const textReader: AnswerReader = { isCalls: false, push: (text) => ({ text, calls: [] }) };

/** chat.completion and its chunks. When usage is asked for, every chunk but the last says `usage: null`. */
export function chatReply(head: ReplyHead, options: ReplyOptions): ReplyForm {
  return replyForm(head, options, () => textReader);
}

/** The same where functions may be called: an answer is text or `tool_calls`. */
export function toolReply(head: ReplyHead, options: ReplyOptions): ReplyForm {
  const readers = new Map<number, CallReader>();
  return replyForm(head, options, (index) => {
    const reader = readers.get(index) ?? new CallReader();
    readers.set(index, reader);
    return reader;
  });
}

function replyForm(
  head: ReplyHead,
  { includeUsage, logprobs, choices }: ReplyOptions,
  readerOf: (index: number) => AnswerReader,
): ReplyForm {
  const chunk = (choices: object[], usage: object | null = null) => ({
    ...head,
    object: "chat.completion.chunk",
    choices,
    ...(includeUsage && { usage }),
  });
  const scores = (tokens: readonly ScoredToken[]) => (logprobs ? chatLogprobs(tokens) : null);
  const rest = { logprobs: null, finish_reason: null };
  const finishOf = (index: number, finish: FinishReason) =>
    finish === "stop" && readerOf(index).isCalls ? "tool_calls" : finish;
  const toolCall = (choice: number, { index, name, arguments: json }: CallPart) => ({
    ...(name !== undefined && { id: callId(head.id, choice, index), type: "function" }),
    function: { ...(name !== undefined && { name }), arguments: json },
  });
  return {
    choices,
    scoresEnd: false,
    opening: (index) => chunk([{ index, delta: { role: "assistant", content: "", refusal: null }, ...rest }]),
    delta: ({ index, text: part, tokens }) => {
      const { text, calls } = readerOf(index).push(part);
      const delta = {
        ...(calls.length === 0 && { content: text }),
        ...(calls.length > 0 && { tool_calls: calls.map((call) => ({ index: call.index, ...toolCall(index, call) })) }),
      };
      if (text === "" && calls.length === 0 && !logprobs) return undefined;
      return chunk([{ index, delta, ...rest, logprobs: scores(tokens) }]);
    },
    closing: ({ index, finish }) => chunk([{ index, delta: {}, ...rest, finish_reason: finishOf(index, finish) }]),
    usage: (usage) => chunk([], usageOf(usage)),
    whole: (choices, usage) => ({
      ...head,
      object: "chat.completion",
      choices: choices.map(({ index, text: all, tokens, finish }) => {
        const { text, calls } = readerOf(index).push(all);
        const { isCalls } = readerOf(index);
        return {
          index,
          message: {
            role: "assistant",
            content: isCalls ? null : text,
            ...(isCalls && { tool_calls: calls.map((call) => toolCall(index, call)) }),
            refusal: null,
            annotations: [],
          },
          logprobs: scores(tokens),
          finish_reason: finishOf(index, finish),
        };
      }),
      usage: usageOf(usage),
    }),
  };
}

/** The same when an answer is told again. */
const callId = (id: string, choice: number, call: number) =>
  `call_${id.slice(id.indexOf("-") + 1)}${choice === 0 ? "" : `_${choice}`}_${call}`;
