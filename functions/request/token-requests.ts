import { z } from "zod";
import { MAX_PROMPT_IDS } from "./completion-request.ts";
import { generationFields, text } from "./generation-fields.ts";

const { model } = generationFields;
const return_token_strs = z.boolean().optional();

/** POST /v1/tokenize. The names are vLLM's. */
export const tokenizeSchema = z.strictObject({
  model,
  prompt: text,
  /** The beginning-of-sequence token in front, as POST /v1/completions puts it; true by default. */
  add_special_tokens: z.boolean().optional(),
  return_token_strs,
});

/** POST /v1/detokenize */
export const detokenizeSchema = z.strictObject({
  model,
  tokens: z.array(z.int().min(0)).max(MAX_PROMPT_IDS),
  return_token_strs,
});
