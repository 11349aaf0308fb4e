import { z } from "zod";
import type { Manifest } from "../../weights/manifest.ts";
import { acceptedCompletionFields } from "./accepted-fields.ts";
import { type GenerationOptions, generationFields, generationOptions, text } from "./generation-fields.ts";
import { validate } from "./validation.ts";

const MAX_PROMPT_IDS = 1 << 20;

const tokenIds = z.array(z.int().min(0)).min(1).max(MAX_PROMPT_IDS);
const onePrompt = "expected one prompt: a string or a list of token ids";

/** A list that holds the one prompt is the prompt. */
const prompt = z
  .preprocess(
    (value, context) => {
      if (!Array.isArray(value) || !(typeof value[0] === "string" || Array.isArray(value[0]))) return value;
      if (value.length > 1) context.issues.push({ code: "custom", message: onePrompt, input: value });
      return value[0];
    },
    z.union([text, tokenIds], { error: onePrompt }),
  )
  // What a schema cannot see through a function.
  .meta({ description: `${onePrompt}, or a list that holds one`, anyOf: [{ type: "string" }, { type: "array" }] });

/** POST /v1/completions */
export const completionSchema = z.strictObject({
  ...generationFields,
  ...acceptedCompletionFields,
  prompt,
});

export interface CompletionRequest {
  readonly model: string;
  /** Text, or token ids to be used as they are. */
  readonly prompt: string | readonly number[];
  readonly options: GenerationOptions;
}

/** Checks the body of POST /v1/completions; an ApiError (400) names the field that is wrong. */
export function parseCompletionRequest(
  body: Record<string, unknown>,
  defaults: Manifest["generationDefaults"],
): CompletionRequest {
  const { prompt: given, ...fields } = validate(completionSchema, body);
  return { model: fields.model, prompt: given, options: generationOptions(fields, defaults) };
}
