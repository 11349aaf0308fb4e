import { z } from "zod";

const tokenNames = z
  .array(z.string())
  .optional()
  .describe("Only when return_token_strs is true: each token by its text, bytes:\\xe2 for a byte, or its own name.");
const promptTokens = {
  count: z.int().min(0),
  max_model_len: z.int().describe("Tokens of the model's context."),
  tokens: z.array(z.int().min(0)),
};

/** 200 of POST /v1/tokenize */
export const tokenizeReply = z.strictObject({
  object: z.literal("tokenization"),
  ...promptTokens,
  token_strs: tokenNames,
});

/** 200 of POST /v1/detokenize */
export const detokenizeReply = z.strictObject({
  object: z.literal("detokenization"),
  prompt: z.string().describe("Control tokens have no text."),
  token_strs: tokenNames,
});

/** 200 of POST /v1/chat/render */
export const renderReply = z.strictObject({
  object: z.literal("chat.rendering"),
  ...promptTokens,
  prompt: z
    .string()
    .describe("To be read: control tokens stand in it by name, so a message that spells one looks the same."),
});
