import { z } from "zod";
import type { Manifest } from "../../weights/manifest.ts";
import { acceptedChatFields } from "./accepted-fields.ts";
import {
  type GenerationOptions,
  generationFields,
  generationOptions,
  invalid,
  MAX_TOP_LOGPROBS,
  text,
} from "./generation-fields.ts";
import { validate } from "./validation.ts";

const MAX_MESSAGES = 4096;
const MAX_PARTS = 1024;

const textPart = z.strictObject({
  type: z.literal("text", { error: "only text parts are supported" }),
  text,
});
const content = z.union([text, z.array(textPart).max(MAX_PARTS)], {
  error: "expected a string or a list of text parts",
});
const absent = z.null({ error: "not supported" }).optional();
const emptyList = z.tuple([], { error: "supported only as an empty list" }).nullish();

const message = z.discriminatedUnion(
  "role",
  [
    z.strictObject({ role: z.enum(["system", "developer", "user"]), content }),
    // The rest is what our own answers carry: clients send them back as they came.
    z.strictObject({
      role: z.literal("assistant"),
      content: content.nullish(),
      refusal: absent,
      audio: absent,
      function_call: absent,
      annotations: emptyList,
      tool_calls: emptyList,
    }),
  ],
  { error: "expected system, developer, user or assistant; tool messages are not supported" },
);

/** POST /v1/chat/completions */
export const chatSchema = z.strictObject({
  ...generationFields,
  ...acceptedChatFields,
  max_completion_tokens: generationFields.max_tokens,
  logprobs: z.boolean().optional(),
  top_logprobs: z.int().min(0).max(MAX_TOP_LOGPROBS).optional(),
  messages: z.array(message).min(1).max(MAX_MESSAGES),
});

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly options: GenerationOptions;
}

/** Checks the body of POST /v1/chat/completions; an ApiError (400) names the field that is wrong. */
export function parseChatRequest(body: Record<string, unknown>, manifest: Manifest): ChatRequest {
  const {
    max_completion_tokens,
    messages,
    logprobs,
    top_logprobs: topLogprobs = 0,
    ...fields
  } = validate(chatSchema, body);
  if (
    fields.max_tokens !== undefined &&
    max_completion_tokens !== undefined &&
    fields.max_tokens !== max_completion_tokens
  )
    throw invalid("max_tokens", "differs from max_completion_tokens; give one of them");
  if (topLogprobs > 0 && !logprobs) throw invalid("top_logprobs", "only with logprobs true");
  const maxTokens = max_completion_tokens ?? fields.max_tokens;
  return {
    model: fields.model,
    messages: messages.map(({ role, content: parts }) => ({
      role: role === "developer" ? "system" : role,
      content: joined(parts ?? ""),
    })),
    options: {
      ...generationOptions({ ...fields, max_tokens: maxTokens }, manifest),
      ...(logprobs && { logprobs: topLogprobs }),
    },
  };
}

const joined = (parts: string | readonly { text: string }[]) =>
  typeof parts === "string" ? parts : parts.map((part) => part.text).join("");
