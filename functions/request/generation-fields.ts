import { z } from "zod";
import type { ConstraintSpecification } from "../../runtime/constrain/specification.ts";
import type { SamplingParameters } from "../../runtime/sampling/selection.ts";
import type { Manifest } from "../../weights/manifest.ts";
import { ApiError } from "../errors.ts";
import { type Labels, USER } from "../tenants/labels.ts";
import { label, MAX_LABEL_CHARACTERS, metadata } from "./accepted-fields.ts";

/** Prompts × choices of one request. */
export const MAX_SEQUENCES = 32;
/** OpenAI's limit for chats. */
export const MAX_TOP_LOGPROBS = 20;
const MAX_STOP_STRINGS = 32;
const MAX_STOP_CHARACTERS = 1024;
const MAX_STOP_IDS = 64;
const MAX_MODEL_CHARACTERS = 256;
export const MAX_TOKENS_FIELD = 1 << 30;
const MAX_TOP_K = 1 << 20;
const MAX_BIAS_ENTRIES = 1024;
const MAX_BIAS = 100;
const MAX_PENALTY = 2;
const MIN_REPETITION_PENALTY = 0.01;
const MAX_REPETITION_PENALTY = 10;
const SEED_MIN = -(2n ** 63n);
const SEED_MAX = 2n ** 64n - 1n;

/** Text that survives UTF-8: half a surrogate pair would silently become another character. */
export const text = z.string().refine((value) => value.isWellFormed(), "holds half of a surrogate pair");

const stopString = text.min(1).max(MAX_STOP_CHARACTERS);
const tokenLimit = z.int().min(1).max(MAX_TOKENS_FIELD).optional();

const penalty = z.number().min(-MAX_PENALTY).max(MAX_PENALTY).optional();
const tokenId = z.string().regex(/^(0|[1-9]\d{0,6})$/, "expected token ids as names");

/**
 * What both generation routes take. top_k, min_p, repetition_penalty, stop_token_ids, min_tokens and ignore_eos are not
 * OpenAI's; they mean what they mean in other servers. top_k 0 and min_p 0 are off.
 */
export const generationFields = {
  model: z.string().min(1).max(MAX_MODEL_CHARACTERS),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.int().min(0).max(MAX_TOP_K).optional(),
  min_p: z.number().min(0).max(1).optional(),
  frequency_penalty: penalty,
  presence_penalty: penalty,
  repetition_penalty: z.number().min(MIN_REPETITION_PENALTY).max(MAX_REPETITION_PENALTY).optional(),
  logit_bias: z
    .record(tokenId, z.number().min(-MAX_BIAS).max(MAX_BIAS))
    .refine((bias) => Object.keys(bias).length <= MAX_BIAS_ENTRIES, `expected at most ${MAX_BIAS_ENTRIES} entries`)
    .optional(),
  n: z.int().min(1).max(MAX_SEQUENCES).optional(),
  seed: z
    .union([z.int(), z.bigint().min(SEED_MIN).max(SEED_MAX)], { error: "expected an integer of at most 64 bits" })
    .optional(),
  max_tokens: tokenLimit,
  min_tokens: z.int().min(0).max(MAX_TOKENS_FIELD).optional(),
  stop: z
    .union([stopString, z.array(stopString).max(MAX_STOP_STRINGS)], {
      error: `expected a string or at most ${MAX_STOP_STRINGS} strings`,
    })
    .optional(),
  stop_token_ids: z.array(z.int().min(0)).max(MAX_STOP_IDS).optional(),
  ignore_eos: z.boolean().optional(),
  prompt_cache_key: z.string().max(MAX_LABEL_CHARACTERS).optional(),
  timings: z.boolean().optional(),
  /** The caller's own name for whom it answers; usage is told by it. */
  user: label.optional(),
  metadata: metadata.optional(),
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
  readonly minTokens: number;
  readonly stop: readonly string[];
  /** Beside the model's own. */
  readonly stopIds: readonly number[];
  readonly ignoreEos: boolean;
  /** Answers to each prompt. */
  readonly choices: number;
  /** Tell how probable each token was, and the so many most probable in its place. */
  readonly logprobs?: number;
  /** The same of the prompt's tokens. */
  readonly promptLogprobs?: number;
  /** What the answer must be. */
  readonly constraint?: ConstraintSpecification;
  /** Prompts share what was computed of them only under the same key. */
  readonly cacheKey?: string;
  /** What the request says of itself, which usage is told by. */
  readonly labels: Labels;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly includeTimings: boolean;
}

/** Fills what a request left out from the model's own defaults, and the seed from chance; an ApiError (400) as `validate`. */
export function generationOptions(fields: GenerationFields, manifest: Manifest): GenerationOptions {
  const { max_tokens: maxTokens, min_tokens: minTokens = 0, stop, stop_token_ids: stopIds = [] } = fields;
  if (fields.stream_options && !fields.stream) throw invalid("stream_options", "only with stream true");
  if (maxTokens !== undefined && minTokens > maxTokens) throw invalid("min_tokens", `is over max_tokens, ${maxTokens}`);
  const { vocabSize } = manifest.architecture;
  const outside = (id: number) => id >= vocabSize;
  const range = `token ids of this model are below ${vocabSize}`;
  const stray = stopIds.findIndex(outside);
  if (stray >= 0) throw invalid(`stop_token_ids[${stray}]`, range);
  const sampling = samplingParameters(fields, manifest.generationDefaults);
  const biased = sampling.logitBias?.find(([id]) => outside(id));
  if (biased) throw invalid(`logit_bias.${biased[0]}`, range);
  return {
    sampling,
    maxTokens,
    minTokens,
    stop: typeof stop === "string" ? [stop] : (stop ?? []),
    stopIds,
    ignoreEos: fields.ignore_eos ?? false,
    choices: fields.n ?? 1,
    ...(fields.prompt_cache_key !== undefined && { cacheKey: fields.prompt_cache_key }),
    labels: { ...fields.metadata, ...(fields.user && { [USER]: fields.user }) },
    stream: fields.stream ?? false,
    includeUsage: fields.stream_options?.include_usage ?? false,
    includeTimings: fields.timings ?? false,
  };
}

/** A field that is wrong by itself or beside the others. */
export const invalid = (param: string, problem: string) =>
  new ApiError(400, "invalid_value", `${param}: ${problem}.`, { param });

function samplingParameters(fields: GenerationFields, defaults: Manifest["generationDefaults"]): SamplingParameters {
  const topP = fields.top_p ?? defaults.topP;
  return {
    temperature: fields.temperature ?? defaults.temperature,
    // The smallest set of tokens that holds no mass is the best one alone.
    topK: topP === 0 ? 1 : (fields.top_k ?? defaults.topK),
    topP: topP === 0 ? 1 : topP,
    minP: fields.min_p ?? 0,
    seed: fields.seed === undefined ? randomSeed() : BigInt.asUintN(64, BigInt(fields.seed)),
    repetitionPenalty: fields.repetition_penalty ?? 1,
    frequencyPenalty: fields.frequency_penalty ?? 0,
    presencePenalty: fields.presence_penalty ?? 0,
    logitBias: Object.entries(fields.logit_bias ?? {}).map(([id, bias]) => [Number(id), bias]),
  };
}

function randomSeed(): bigint {
  return crypto.getRandomValues(new BigUint64Array(1))[0]!;
}
