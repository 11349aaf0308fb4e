import { z } from "zod";
import type { ChatMessage } from "../../runtime/tokenizer/chat-template.ts";
import { invalid, text } from "./generation-fields.ts";
import { chatMessages } from "./messages.ts";
import { givenName } from "./response-format.ts";

const MAX_ITEMS = 4096;
const MAX_PARTS = 1024;
const MAX_ID_CHARACTERS = 256;

const id = text.min(1).max(MAX_ID_CHARACTERS);
const status = z.enum(["in_progress", "completed", "incomplete"]).nullish();
const emptyList = z.tuple([], { error: "supported only as an empty list" }).nullish();

// Items of an answer come back as they were, with marks that mean nothing on the way in, and with notes of the client's own
// (parsed, parsed_arguments …): whatever is not part of the conversation is left out here, and only here.
const textPart = z.object({
  type: z.enum(["input_text", "output_text"], { error: "only input_text and output_text parts are supported" }),
  text,
  annotations: emptyList,
  logprobs: emptyList,
});
const content = z.union([text, z.array(textPart).max(MAX_PARTS)], {
  error: "expected a string or a list of text parts",
});

const message = z.object({
  type: z.literal("message").nullish(),
  role: z.enum(["system", "developer", "user", "assistant"]),
  content,
  id: id.nullish(),
  status,
});
const functionCall = z.object({
  type: z.literal("function_call"),
  call_id: id,
  name: givenName,
  arguments: text,
  id: id.nullish(),
  status,
});
const functionOutput = z.object({
  type: z.literal("function_call_output"),
  call_id: id,
  output: content,
  id: id.nullish(),
  status,
});
const reference = z.strictObject({ type: z.literal("item_reference").nullish(), id });

/** What a request may hold in `input`. */
const inputItem = z.union([message, functionCall, functionOutput, reference], {
  error: "expected a message, function_call, function_call_output or item_reference",
});
export const inputField = z.union([text, z.array(inputItem).min(1).max(MAX_ITEMS)], {
  error: `expected a string or 1 to ${MAX_ITEMS} items`,
});

type Text = string | readonly { readonly type: "input_text" | "output_text"; readonly text: string }[];
interface ItemHead {
  readonly id?: string | null | undefined;
  readonly status?: "in_progress" | "completed" | "incomplete" | null | undefined;
}
interface MessageItem extends ItemHead {
  readonly type?: "message" | null | undefined;
  readonly role: "system" | "developer" | "user" | "assistant";
  readonly content: Text;
}
interface CallItem extends ItemHead {
  readonly type: "function_call";
  readonly call_id: string;
  readonly name: string;
  readonly arguments: string;
}
interface CallOutputItem extends ItemHead {
  readonly type: "function_call_output";
  readonly call_id: string;
  readonly output: Text;
}
/** An item of a conversation as it is kept, told and computed with. */
export type Item = MessageItem | CallItem | CallOutputItem;
type ItemReference = z.output<typeof reference>;

export const isReference = (item: Item | ItemReference): item is ItemReference =>
  !("role" in item) && !("call_id" in item);

/** The items of an `input`, a plain text being a user's message. */
export const inputItems = (input: z.output<typeof inputField>): readonly (Item | ItemReference)[] =>
  typeof input === "string" ? [{ role: "user", content: input }] : input;

/**
 * A conversation as messages, calls that follow each other being one message's. An ApiError (400) for the output of a call
 * that is not in it.
 */
export function itemMessages(items: readonly Item[]): ChatMessage[] {
  const called = new Set<string>();
  const messages: Parameters<typeof chatMessages>[0] = [];
  for (const [index, item] of items.entries()) {
    if ("role" in item) {
      const { role, content } = item;
      messages.push({ role, content: joined(content) });
    } else if (item.type === "function_call") {
      const { call_id, name, arguments: json } = item;
      called.add(call_id);
      const call = { id: call_id, type: "function" as const, function: { name, arguments: json } };
      const last = messages.at(-1);
      if (last?.role === "assistant") last.tool_calls = [...(last.tool_calls ?? []), call];
      else messages.push({ role: "assistant", content: null, tool_calls: [call] });
    } else {
      if (!called.has(item.call_id)) throw invalid(`input[${index}].call_id`, "is the id of no call before it");
      messages.push({ role: "tool", tool_call_id: item.call_id, content: joined(item.output) });
    }
  }
  return chatMessages(messages);
}

const joined = (parts: Text) => (typeof parts === "string" ? parts : parts.map((part) => part.text).join(""));
