import { z } from "zod";

const MAX_REQUESTS_PER_MINUTE = 1_000_000;
const MAX_TOKENS_PER_MINUTE = 1_000_000_000;
const MAX_CONCURRENCY = 10_000;
const MAX_OUTPUT_TOKENS = 1_000_000;

/** What one tenant may do; the defaults are for a tenant created without saying. */
export const tenantLimitsSchema = z.strictObject({
  requestsPerMinute: z.int().min(1).max(MAX_REQUESTS_PER_MINUTE).default(60),
  /** Prompt and completion together. */
  tokensPerMinute: z.int().min(2).max(MAX_TOKENS_PER_MINUTE).default(100_000),
  /** Generations at the same time. */
  concurrency: z.int().min(1).max(MAX_CONCURRENCY).default(8),
  /** The most max_tokens of one request. */
  maxOutputTokens: z.int().min(1).max(MAX_OUTPUT_TOKENS).default(4096),
});

export type TenantLimits = z.output<typeof tenantLimitsSchema>;
