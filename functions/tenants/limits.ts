import { z } from "zod";

const MAX_REQUESTS_PER_MINUTE = 1_000_000;
const MAX_TOKENS_PER_MINUTE = 1_000_000_000;
const MAX_TOKENS_PER_DAY = 1_000_000_000_000;
const MAX_CONCURRENCY = 10_000;
const MAX_CONTEXT_TOKENS = 1 << 20;
const MAX_OUTPUT_TOKENS = 1_000_000;
const MAX_ALLOWED_MODELS = 64;
const MAX_MODEL_CHARACTERS = 256;

const requestsPerMinute = z.int().min(1).max(MAX_REQUESTS_PER_MINUTE);
/** Prompt and completion together, as in every limit of tokens. */
const tokensPerMinute = z.int().min(2).max(MAX_TOKENS_PER_MINUTE);
/** Of a UTC day; null: as many as the minutes allow. */
const tokensPerDay = z.int().min(2).max(MAX_TOKENS_PER_DAY).nullable();
/** Generations at the same time. */
const concurrency = z.int().min(1).max(MAX_CONCURRENCY);
/** The most tokens of one prompt with its completion; null: the model's context. */
const maxContextTokens = z.int().min(2).max(MAX_CONTEXT_TOKENS).nullable();
/** The most max_tokens of one request. */
const maxOutputTokens = z.int().min(1).max(MAX_OUTPUT_TOKENS);
/** Model ids; null: every model. */
const allowedModels = z.array(z.string().min(1).max(MAX_MODEL_CHARACTERS)).max(MAX_ALLOWED_MODELS).nullable();

/** What one tenant may do. */
export const tenantLimitsSchema = z.strictObject({
  requestsPerMinute,
  tokensPerMinute,
  tokensPerDay,
  concurrency,
  maxContextTokens,
  maxOutputTokens,
  allowedModels,
});

/** The limits of a request that sets some; what is left out keeps its value, or takes the default in a new tenant. */
export const limitChangesSchema = z.strictObject({
  requestsPerMinute: requestsPerMinute.exactOptional(),
  tokensPerMinute: tokensPerMinute.exactOptional(),
  tokensPerDay: tokensPerDay.exactOptional(),
  concurrency: concurrency.exactOptional(),
  maxContextTokens: maxContextTokens.exactOptional(),
  maxOutputTokens: maxOutputTokens.exactOptional(),
  allowedModels: allowedModels.exactOptional(),
});

export type TenantLimits = z.output<typeof tenantLimitsSchema>;
export type LimitChanges = z.output<typeof limitChangesSchema>;

/** Of a tenant created without saying. */
export const DEFAULT_LIMITS: TenantLimits = {
  requestsPerMinute: 60,
  tokensPerMinute: 100_000,
  tokensPerDay: null,
  concurrency: 8,
  maxContextTokens: null,
  maxOutputTokens: 4096,
  allowedModels: null,
};
