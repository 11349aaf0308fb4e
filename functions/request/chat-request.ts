import { z } from "zod";
import type { CallableTools, ChatMessage } from "../../runtime/tokenizer/chat-template.ts";
import type { Manifest } from "../../weights/manifest.ts";
import { acceptedChatFields } from "./accepted-fields.ts";
import {
  type GenerationOptions,
  generationFields,
  generationOptions,
  invalid,
  MAX_TOP_LOGPROBS,
} from "./generation-fields.ts";
import { chatMessages, messagesField } from "./messages.ts";
import { responseFormat, textSpecification } from "./response-format.ts";
import { toolFields, toolUse } from "./tools.ts";
import { validate } from "./validation.ts";

/** POST /v1/chat/completions */
export const chatSchema = z.strictObject({
  ...generationFields,
  ...acceptedChatFields,
  ...toolFields,
  response_format: responseFormat.optional(),
  max_completion_tokens: generationFields.max_tokens,
  logprobs: z.boolean().optional(),
  top_logprobs: z.int().min(0).max(MAX_TOP_LOGPROBS).optional(),
  messages: messagesField,
});

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  /** What the prompt tells about functions that may be called. */
  readonly tools?: CallableTools;
  readonly options: GenerationOptions;
}

/** Checks the body of POST /v1/chat/completions; an ApiError (400) names the field that is wrong. */
export function parseChatRequest(body: Record<string, unknown>, manifest: Manifest): ChatRequest {
  const {
    max_completion_tokens,
    messages,
    logprobs,
    top_logprobs: topLogprobs = 0,
    response_format,
    tools,
    tool_choice,
    parallel_tool_calls,
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
  const use = toolUse({ tools, tool_choice, parallel_tool_calls });
  const format = textSpecification(response_format);
  if (use && format) throw invalid("response_format", 'only "text" beside tools that may be called');
  const constraint = use?.calls ?? format;
  return {
    model: fields.model,
    messages: chatMessages(messages),
    ...(use && { tools: use.tools }),
    options: {
      ...generationOptions({ ...fields, max_tokens: maxTokens }, manifest),
      ...(logprobs && { logprobs: topLogprobs }),
      ...(constraint && { constraint }),
    },
  };
}
