import { z } from "zod";
import type { ChatMessage } from "../../runtime/tokenizer/chat-template.ts";
import { invalid, text } from "./generation-fields.ts";
import { givenName } from "./response-format.ts";

const MAX_MESSAGES = 4096;
const MAX_PARTS = 1024;
const MAX_CALLS = 128;
const MAX_ID_CHARACTERS = 256;

const textPart = z.strictObject({
  type: z.literal("text", { error: "only text parts are supported" }),
  text,
});
const content = z.union([text, z.array(textPart).max(MAX_PARTS)], {
  error: "expected a string or a list of text parts",
});
const absent = z.null({ error: "not supported" }).optional();
const emptyList = z.tuple([], { error: "supported only as an empty list" }).nullish();
const callId = text.min(1).max(MAX_ID_CHARACTERS);

// Clients keep notes of their own in messages (parsed, parsed_arguments, index …) and send them along: whatever is not
// part of the conversation is let through here, and only here.
const toolCall = z.looseObject({
  id: callId,
  type: z.literal("function", { error: "only functions are supported" }),
  function: z.looseObject({ name: givenName, arguments: text }),
});

const message = z.discriminatedUnion(
  "role",
  [
    z.looseObject({ role: z.enum(["system", "developer", "user"]), content }),
    z.looseObject({
      role: z.literal("assistant"),
      content: content.nullish(),
      refusal: absent,
      audio: absent,
      function_call: absent,
      annotations: emptyList,
      tool_calls: z.array(toolCall).max(MAX_CALLS).nullish(),
    }),
    z.looseObject({ role: z.literal("tool"), tool_call_id: callId, content }),
  ],
  { error: "expected system, developer, user, assistant or tool" },
);

export const messagesField = z.array(message).min(1).max(MAX_MESSAGES);

/** The messages without OpenAI's wrapping; an ApiError (400) for an answer to a call that was not made. */
export function chatMessages(given: z.output<typeof messagesField>): ChatMessage[] {
  const names = new Map<string, string>();
  return given.map((message, index): ChatMessage => {
    switch (message.role) {
      case "assistant": {
        const calls = message.tool_calls ?? [];
        for (const call of calls) names.set(call.id, call.function.name);
        return {
          role: "assistant",
          content: joined(message.content ?? ""),
          calls: calls.map((call) => call.function),
        };
      }
      case "tool": {
        const name = names.get(message.tool_call_id);
        if (name === undefined) throw invalid(`messages[${index}].tool_call_id`, "is the id of no call before it");
        return { role: "tool", name, content: joined(message.content) };
      }
      default:
        return { role: message.role === "user" ? "user" : "system", content: joined(message.content) };
    }
  });
}

const joined = (parts: string | readonly { text: string }[]) =>
  typeof parts === "string" ? parts : parts.map((part) => part.text).join("");
