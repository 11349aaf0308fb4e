import { z } from "zod";

const MAX_REQUESTS_PER_MINUTE = 1_000_000;
const MAX_TOKENS_PER_MINUTE = 1_000_000_000;
const MAX_TOKENS_PER_DAY = 1_000_000_000_000;
const MAX_BUDGET_MICROS = 1_000_000_000_000_000;
const MAX_CONCURRENCY = 10_000;
const MAX_CONTEXT_TOKENS = 1 << 20;
const MAX_OUTPUT_TOKENS = 1_000_000;
const MAX_ALLOWED_MODELS = 64;
const MAX_MODEL_CHARACTERS = 256;
const MAX_PRIORITY = 16;

const requestsPerMinute = z.int().min(1).max(MAX_REQUESTS_PER_MINUTE);
/** Prompt and completion together, as in every limit of tokens. */
const tokensPerMinute = z.int().min(2).max(MAX_TOKENS_PER_MINUTE);
/** Of a UTC day. */
const tokensPerDay = z.int().min(2).max(MAX_TOKENS_PER_DAY);
/** Of a UTC month, in millionths of the currency that the prices are in. */
const budgetMicrosPerMonth = z.int().min(1).max(MAX_BUDGET_MICROS);
/** Generations at the same time. */
const concurrency = z.int().min(1).max(MAX_CONCURRENCY);
/** The most tokens of one prompt with its completion. */
const maxContextTokens = z.int().min(2).max(MAX_CONTEXT_TOKENS);
/** The most max_tokens of one request. */
const maxOutputTokens = z.int().min(1).max(MAX_OUTPUT_TOKENS);
/** Model ids. */
const allowedModels = z.array(z.string().min(1).max(MAX_MODEL_CHARACTERS)).max(MAX_ALLOWED_MODELS);
/** Turns in the pipeline for each turn of a tenant of priority 1. */
const priority = z.int().min(1).max(MAX_PRIORITY);

/** What one tenant may do; null: no limit of that kind (any model, the model's own context). */
export const tenantLimitsSchema = z.strictObject({
  requestsPerMinute,
  tokensPerMinute,
  tokensPerDay: tokensPerDay.nullable(),
  budgetMicrosPerMonth: budgetMicrosPerMonth.nullable(),
  concurrency,
  maxContextTokens: maxContextTokens.nullable(),
  maxOutputTokens,
  allowedModels: allowedModels.nullable(),
  priority,
});

/** The limits of a request that sets some; what is left out keeps its value, or takes the default in a new tenant. */
export const limitChangesSchema = changes(tenantLimitsSchema);

/** What one key may do within its tenant's limits; null: as much as the tenant. */
export const keyLimitsSchema = z.strictObject({
  requestsPerMinute: requestsPerMinute.nullable(),
  tokensPerMinute: tokensPerMinute.nullable(),
  tokensPerDay: tokensPerDay.nullable(),
  budgetMicrosPerMonth: budgetMicrosPerMonth.nullable(),
  concurrency: concurrency.nullable(),
  maxContextTokens: maxContextTokens.nullable(),
  maxOutputTokens: maxOutputTokens.nullable(),
  allowedModels: allowedModels.nullable(),
});

/** As limitChangesSchema, of a key. */
export const keyLimitChangesSchema = changes(keyLimitsSchema);

/** Limits that may be higher for a while; null: no limit. */
export const raisedLimitsSchema = limitChangesSchema.omit({ allowedModels: true, priority: true });

export type TenantLimits = z.output<typeof tenantLimitsSchema>;
export type LimitChanges = z.output<typeof limitChangesSchema>;
export type KeyLimits = z.output<typeof keyLimitsSchema>;
export type KeyLimitChanges = z.output<typeof keyLimitChangesSchema>;
export type RaisedLimits = z.output<typeof raisedLimitsSchema>;

/** Of a tenant created without saying. */
export const DEFAULT_LIMITS: TenantLimits = {
  requestsPerMinute: 60,
  tokensPerMinute: 100_000,
  tokensPerDay: null,
  budgetMicrosPerMonth: null,
  concurrency: 8,
  maxContextTokens: null,
  maxOutputTokens: 4096,
  allowedModels: null,
  priority: 1,
};

/** Of a key made without saying. */
export const NO_KEY_LIMITS: KeyLimits = {
  requestsPerMinute: null,
  tokensPerMinute: null,
  tokensPerDay: null,
  budgetMicrosPerMonth: null,
  concurrency: null,
  maxContextTokens: null,
  maxOutputTokens: null,
  allowedModels: null,
};

/** The same fields, each of which may be left out. */
function changes<Shape extends z.core.$ZodShape>(schema: z.ZodObject<Shape, z.core.$strict>) {
  const fields = Object.entries(schema.shape).map(([name, field]) => [name, z.exactOptional(field)]);
  return z.strictObject(Object.fromEntries(fields) as { [Name in keyof Shape]: z.ZodExactOptional<Shape[Name]> });
}
