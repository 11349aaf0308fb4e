import { z } from "zod";
import type { Manifest } from "../../weights/manifest.ts";
import { acceptedCompletionFields } from "./accepted-fields.ts";
import {
  type GenerationOptions,
  generationFields,
  generationOptions,
  invalid,
  MAX_SEQUENCES,
  MAX_TOKENS_FIELD,
  MAX_TOP_LOGPROBS,
  text,
} from "./generation-fields.ts";
import { responseFormat, textSpecification } from "./response-format.ts";
import { validate } from "./validation.ts";

export const MAX_PROMPT_IDS = 1 << 20;

/** Text, or token ids to be used as they are. */
export type Prompt = string | readonly number[];

const tokenIds = z.array(z.int().min(0)).min(1).max(MAX_PROMPT_IDS);
const prompts = z
  .union([text, tokenIds, z.array(text).min(1).max(MAX_SEQUENCES), z.array(tokenIds).min(1).max(MAX_SEQUENCES)], {
    error: `expected a string, a list of token ids, or a list of at most ${MAX_SEQUENCES} such prompts of one kind`,
  })
  .transform((given): readonly Prompt[] => (isOne(given) ? [given] : given));

/** POST /v1/completions */
export const completionSchema = z.strictObject({
  ...generationFields,
  ...acceptedCompletionFields,
  prompt: prompts,
  /** 0 only beside echo: to score a prompt. */
  max_tokens: z.int().min(0).max(MAX_TOKENS_FIELD).optional(),
  logprobs: z.int().min(0).max(MAX_TOP_LOGPROBS).optional(),
  echo: z.boolean().optional(),
  response_format: responseFormat.optional(),
  best_of: z.int().min(1).max(MAX_SEQUENCES).optional(),
});

export interface CompletionRequest {
  readonly model: string;
  readonly prompts: readonly Prompt[];
  /** The prompt is part of the answer. */
  readonly echo: boolean;
  readonly options: GenerationOptions;
}

/** Checks the body of POST /v1/completions; an ApiError (400) names the field that is wrong. */
export function parseCompletionRequest(body: Record<string, unknown>, manifest: Manifest): CompletionRequest {
  const {
    prompt: given,
    logprobs,
    echo = false,
    best_of: bestOf,
    response_format,
    ...fields
  } = validate(completionSchema, body);
  const { n = 1, max_tokens: maxTokens } = fields;
  if (maxTokens === 0 && !echo) throw invalid("max_tokens", "0 only with echo true");
  if (bestOf !== undefined && bestOf !== n) throw invalid("best_of", "supported only as n");
  if (given.length * n > MAX_SEQUENCES)
    throw invalid("n", `${given.length} prompts with ${n} choices each are more than ${MAX_SEQUENCES} sequences`);
  const options = generationOptions(fields, manifest);
  const constraint = textSpecification(response_format);
  return {
    model: fields.model,
    prompts: given,
    echo,
    options: {
      ...options,
      ...(constraint && { constraint }),
      ...(logprobs !== undefined && { logprobs }),
      ...(echo && logprobs !== undefined && { promptLogprobs: logprobs }),
    },
  };
}

const isOne = (given: Prompt | readonly Prompt[]): given is Prompt =>
  typeof given === "string" || typeof given[0] === "number";
