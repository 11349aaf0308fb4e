import { z } from "zod";
import type { SamplingParameters } from "../../runtime/sampling/selection.ts";
import type { Manifest } from "../../weights/manifest.ts";
import { ApiError } from "../errors.ts";

const MAX_STOP_STRINGS = 32;
const MAX_STOP_CHARACTERS = 1024;
const MAX_MODEL_CHARACTERS = 256;
const MAX_TOKENS_FIELD = 1 << 30;
const MAX_TOP_K = 1 << 20;
const SEED_MIN = -(2n ** 63n);
const SEED_MAX = 2n ** 64n - 1n;

/** Text that survives UTF-8: half a surrogate pair would silently become another character. */
export const text = z.string().refine((value) => value.isWellFormed(), "holds half of a surrogate pair");

const stopString = text.min(1).max(MAX_STOP_CHARACTERS);
const tokenLimit = z.int().min(1).max(MAX_TOKENS_FIELD).optional();

/** What both generation routes take. top_k and min_p are ours, as other servers have them; 0 is off. */
export const generationFields = {
  model: z.string().min(1).max(MAX_MODEL_CHARACTERS),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.int().min(0).max(MAX_TOP_K).optional(),
  min_p: z.number().min(0).max(1).optional(),
  seed: z
    .union([z.int(), z.bigint().min(SEED_MIN).max(SEED_MAX)], { error: "expected an integer of at most 64 bits" })
    .optional(),
  max_tokens: tokenLimit,
  stop: z
    .union([stopString, z.array(stopString).max(MAX_STOP_STRINGS)], {
      error: `expected a string or at most ${MAX_STOP_STRINGS} strings`,
    })
    .optional(),
  stream: z.boolean().optional(),
  stream_options: z
    .strictObject({
      include_usage: z.boolean().nullish(),
      include_obfuscation: z.literal(false, { error: "supported only as false" }).nullish(),
    })
    .optional(),
};

type GenerationFields = z.output<z.ZodObject<typeof generationFields>>;

/** How an answer is to be generated and delivered. */
export interface GenerationOptions {
  readonly sampling: SamplingParameters;
  /** As asked; undefined lets the ledger choose. */
  readonly maxTokens: number | undefined;
  readonly stop: readonly string[];
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

/** Fills what a request left out from the model's own defaults, and the seed from chance. */
export function generationOptions(
  fields: GenerationFields,
  defaults: Manifest["generationDefaults"],
): GenerationOptions {
  if (fields.stream_options && !fields.stream)
    throw new ApiError(400, "invalid_value", "stream_options: only with stream true.", { param: "stream_options" });
  return {
    sampling: samplingParameters(fields, defaults),
    maxTokens: fields.max_tokens,
    stop: typeof fields.stop === "string" ? [fields.stop] : (fields.stop ?? []),
    stream: fields.stream ?? false,
    includeUsage: fields.stream_options?.include_usage ?? false,
  };
}

function samplingParameters(fields: GenerationFields, defaults: Manifest["generationDefaults"]): SamplingParameters {
  const topP = fields.top_p ?? defaults.topP;
  return {
    temperature: fields.temperature ?? defaults.temperature,
    // The smallest set of tokens that holds no mass is the best one alone.
    topK: topP === 0 ? 1 : (fields.top_k ?? defaults.topK),
    topP: topP === 0 ? 1 : topP,
    minP: fields.min_p ?? 0,
    seed: fields.seed === undefined ? randomSeed() : BigInt.asUintN(64, BigInt(fields.seed)),
  };
}

function randomSeed(): bigint {
  return crypto.getRandomValues(new BigUint64Array(1))[0]!;
}
