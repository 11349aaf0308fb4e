import { type CallableTools, type ChatMessage, chatPrompt } from "../../runtime/tokenizer/chat-template.ts";
import type { Tokenizer } from "../../runtime/tokenizer/tokenizer.ts";
import type { Manifest } from "../../weights/manifest.ts";
import { ApiError } from "../errors.ts";
import type { Model } from "../model.ts";
import type { Prompt } from "../request/completion-request.ts";

/** Token ids of a chat's messages and of what it tells about functions; an ApiError (400) on a base model, which was never tuned for turns. */
export function chatPromptIds(model: Model, messages: readonly ChatMessage[], tools?: CallableTools): number[] {
  const { name, chatTemplate, specialTokens } = model.manifest;
  if (chatTemplate === null) {
    const message = `${name} is a base model without a chat template. Use POST /v1/completions.`;
    throw new ApiError(400, "chat_not_supported", message, { param: "messages" });
  }
  return chatPrompt(requireTokenizer(model, "messages"), specialTokens.bos, messages, tools);
}

/**
 * Token ids of a plain prompt: text gets the beginning-of-sequence token in front, ids are taken as they are. `param` is where
 * the request has it.
 */
export function plainPromptIds(model: Model, prompt: Prompt, param = "prompt"): readonly number[] {
  if (typeof prompt === "string")
    return [model.manifest.specialTokens.bos, ...requireTokenizer(model, "prompt").encode(prompt)];
  const { vocabSize } = model.manifest.architecture;
  const outside = prompt.findIndex((id) => id >= vocabSize);
  if (outside < 0) return prompt;
  const field = `${param}[${outside}]`;
  throw new ApiError(400, "invalid_value", `${field}: token ids of this model are below ${vocabSize}.`, {
    param: field,
  });
}

/** The text of a plain prompt; of ids what they decode to, and none without a tokenizer. */
export function plainPromptText({ tokenizer }: Model, prompt: Prompt): string {
  if (typeof prompt === "string") return prompt;
  return tokenizer?.decode(prompt.filter((id) => id < tokenizer.pieceCount)) ?? "";
}

/** Tokens that the context has left after a prompt; an ApiError (400) when the prompt, or what is asked for, does not fit. */
export function requireRoom(
  manifest: Manifest,
  promptTokens: number,
  maxTokens: number | undefined,
  promptField: string,
): number {
  const contextTokens = manifest.architecture.maxPositionEmbeddings;
  const roomTokens = contextTokens - promptTokens;
  if (roomTokens >= (maxTokens ?? 1)) return roomTokens;
  const asked =
    maxTokens === undefined
      ? `your prompt has ${promptTokens} tokens and leaves no room for an answer`
      : `you requested ${promptTokens + maxTokens} tokens (${promptTokens} in the prompt, ${maxTokens} in the completion)`;
  const message = `This model's maximum context length is ${contextTokens} tokens, but ${asked}. Shorten the prompt or the completion.`;
  throw new ApiError(400, "context_length_exceeded", message, { param: roomTokens > 0 ? "max_tokens" : promptField });
}

/** An ApiError (400) on a model that only takes token ids; `param` is what needs more. */
export function requireTokenizer({ manifest, tokenizer }: Model, param: string): Tokenizer {
  if (tokenizer) return tokenizer;
  const message = `${manifest.name} was converted without a tokenizer. Send token ids to POST /v1/completions.`;
  throw new ApiError(400, "no_tokenizer", message, { param });
}
