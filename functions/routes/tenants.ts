import { Hono } from "hono";
import { z } from "zod";
import { ApiError } from "../errors.ts";
import { readJsonBody } from "../request/json-body.ts";
import { validate } from "../request/validation.ts";
import { readGatewaySettings } from "../settings.ts";
import { mintKey, TENANT_PATTERN } from "../tenants/key.ts";
import { tenantLimitsSchema } from "../tenants/limits.ts";
import { authenticateAdmin } from "./authenticate.ts";
import type { GatewayTypes } from "./context.ts";

const { shape: limitShape } = tenantLimitsSchema;

const tenantSchema = z.strictObject({
  name: z.string().regex(TENANT_PATTERN, "expected 1 to 40 of a-z, 0-9 and -"),
  /** What is left out keeps its value, or takes the default in a new tenant. */
  limits: z
    .strictObject({
      requestsPerMinute: limitShape.requestsPerMinute.unwrap().exactOptional(),
      tokensPerMinute: limitShape.tokensPerMinute.unwrap().exactOptional(),
      concurrency: limitShape.concurrency.unwrap().exactOptional(),
      maxOutputTokens: limitShape.maxOutputTokens.unwrap().exactOptional(),
    })
    .optional(),
});

/** POST /admin/v1/tenants: creates or changes a tenant and answers one more key for it, which is shown only here. */
export const tenants = new Hono<GatewayTypes>().post("/admin/v1/tenants", authenticateAdmin, async (c) => {
  const { name, limits = {} } = validate(tenantSchema, await readJsonBody(c.req.raw));
  const { key, secretSha256 } = mintKey(name, readGatewaySettings(c.env).keySecret);
  const ledger = c.env.LEDGER.getByName(name);
  const configured = await ledger.configure(limits);
  if (!(await ledger.addKey(secretSha256)))
    throw new ApiError(409, "too_many_keys", "This tenant holds as many keys as a tenant may.", { param: "name" });
  return c.json({ name, limits: configured, key }, 200, { "cache-control": "no-store" });
});
