import { z } from "zod";
import type { Manifest } from "../../weights/manifest.ts";
import { acceptedCompletionFields } from "./accepted-fields.ts";
import { type GenerationOptions, generationFields, generationOptions, text } from "./generation-fields.ts";
import { validate } from "./validation.ts";

const MAX_PROMPT_IDS = 1 << 20;

const tokenIds = z.array(z.int().min(0)).min(1).max(MAX_PROMPT_IDS);
const onePrompt = "expected one prompt: a string or a list of token ids";

const completionSchema = z.strictObject({
  ...generationFields,
  ...acceptedCompletionFields,
  prompt: z.union([text, tokenIds, z.tuple([text]), z.tuple([tokenIds])], { error: onePrompt }),
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
  const { prompt, ...fields } = validate(completionSchema, body);
  return { model: fields.model, prompt: singlePrompt(prompt), options: generationOptions(fields, defaults) };
}

/** A list that holds the one prompt is the prompt. */
function singlePrompt(prompt: string | number[] | [string] | [number[]]): string | readonly number[] {
  if (typeof prompt === "string") return prompt;
  const [first] = prompt;
  return typeof first === "number" ? (prompt as number[]) : (first as string | number[]);
}
