import { Hono } from "hono";
import { usagePeriod, usagePeriodSchema, validateQuery } from "../request/usage-request.ts";
import { raisedLimits } from "../tenants/effective-limits.ts";
import type { KeyLimits } from "../tenants/limits.ts";
import type { Holdings } from "../tenants/tenant-record.ts";
import { admit, invalidKey } from "./admission.ts";
import { authenticate } from "./authenticate.ts";
import type { GatewayTypes } from "./context.ts";

/** GET /v1/usage: what the key and its tenant used and may use. Counts as one request. */
export const usage = new Hono<GatewayTypes>().get("/v1/usage", authenticate, async (c) => {
  const { from, to } = usagePeriod(validateQuery(usagePeriodSchema, c.req.url));
  const { tenant, secretSha256 } = c.get("key");
  const { headers } = await admit(c.env, c.get("key"));
  const ledger = c.env.LEDGER.getByName(tenant);
  const [record, key, report] = await Promise.all([
    ledger.describe(),
    ledger.describeKey(secretSha256),
    ledger.usage(from, to),
  ]);
  if (!record || !key) throw invalidKey();
  const limits = record.raise ? raisedLimits(record.limits, record.raise) : record.limits;
  const body = {
    object: "usage",
    tenant,
    limits: { ...limitsReply(limits), priority: limits.priority },
    now: nowReply(record.now),
    key: { id: key.id, limits: limitsReply(key.limits), now: nowReply(key.now) },
    from,
    to,
    data: report.usage.map((row) => ({
      day: row.day,
      model: row.model,
      key: row.keyId,
      requests: row.requests,
      prompt_tokens: row.promptTokens,
      cached_tokens: row.cachedTokens,
      completion_tokens: row.completionTokens,
      cost_micros: row.costMicros,
    })),
  };
  return c.json(body, 200, headers);
});

const limitsReply = (limits: KeyLimits) => ({
  requests_per_minute: limits.requestsPerMinute,
  tokens_per_minute: limits.tokensPerMinute,
  tokens_per_day: limits.tokensPerDay,
  budget_micros_per_month: limits.budgetMicrosPerMonth,
  concurrency: limits.concurrency,
  max_context_tokens: limits.maxContextTokens,
  max_output_tokens: limits.maxOutputTokens,
  allowed_models: limits.allowedModels,
});

const nowReply = (now: Holdings) => ({
  requests_this_minute: now.requestsThisMinute,
  tokens_this_minute: now.tokensThisMinute,
  tokens_today: now.tokensToday,
  micros_this_month: now.microsThisMonth,
  running: now.running,
});
