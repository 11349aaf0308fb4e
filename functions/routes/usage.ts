import { Hono } from "hono";
import { usagePeriod, usagePeriodSchema, validateQuery } from "../request/usage-request.ts";
import { admit, invalidKey } from "./admission.ts";
import { authenticate } from "./authenticate.ts";
import type { GatewayTypes } from "./context.ts";

/** GET /v1/usage: what the key's tenant used and may use. Counts as one request. */
export const usage = new Hono<GatewayTypes>().get("/v1/usage", authenticate, async (c) => {
  const { from, to } = usagePeriod(validateQuery(usagePeriodSchema, c.req.url));
  const { tenant } = c.get("key");
  const { headers } = await admit(c.env, c.get("key"));
  const ledger = c.env.LEDGER.getByName(tenant);
  const [record, report] = await Promise.all([ledger.describe(), ledger.usage(from, to)]);
  if (!record) throw invalidKey();
  const { limits, now } = record;
  const body = {
    object: "usage",
    tenant,
    limits: {
      requests_per_minute: limits.requestsPerMinute,
      tokens_per_minute: limits.tokensPerMinute,
      tokens_per_day: limits.tokensPerDay,
      concurrency: limits.concurrency,
      max_context_tokens: limits.maxContextTokens,
      max_output_tokens: limits.maxOutputTokens,
      allowed_models: limits.allowedModels,
    },
    now: {
      requests_this_minute: now.requestsThisMinute,
      tokens_this_minute: now.tokensThisMinute,
      tokens_today: now.tokensToday,
      running: now.running,
    },
    from,
    to,
    data: report.usage.map(({ day, model, keyId, requests, promptTokens, completionTokens }) => ({
      day,
      model,
      key: keyId,
      requests,
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
    })),
  };
  return c.json(body, 200, headers);
});
