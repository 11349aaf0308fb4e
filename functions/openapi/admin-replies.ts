import { z } from "zod";
import { tenantLimitsSchema } from "../tenants/limits.ts";

const count = z.int().min(0);
const time = z.iso.datetime();

const tenantFields = {
  name: z.string(),
  createdAt: time,
  blocked: z.boolean(),
  limits: tenantLimitsSchema,
  now: z.strictObject({
    requestsThisMinute: count,
    tokensThisMinute: count,
    tokensToday: count,
    running: count,
  }),
  alerts: z.array(z.strictObject({ limit: z.string(), percent: z.int(), used: count, of: count })),
};

const keyFields = {
  id: z.string(),
  label: z.string(),
  state: z.enum(["live", "expired", "revoked"]),
  createdAt: time,
  expiresAt: time.nullable(),
  revokedAt: time.nullable(),
  lastUsedAt: time.nullable().describe("To the minute."),
  replaces: z.string().nullable().describe("The key that this one was rotated from."),
};
const secretKey = z.string().describe("The key itself, shown only here.");

export const tenantReply = z.strictObject(tenantFields);
export const keyReply = z.strictObject(keyFields);
export const newKeyReply = z.strictObject({ ...keyFields, key: secretKey });
export const newTenantReply = z.strictObject({ ...tenantFields, key: secretKey, firstKey: keyReply });
export const keyList = z.strictObject({ keys: z.array(keyReply) });

export const tenantList = z.strictObject({
  tenants: z.array(z.strictObject({ name: z.string(), createdAt: time })),
  next: z.string().nullable().describe("`after` of the next page."),
});

export const usageReport = z.strictObject({
  tenant: z.string(),
  from: z.iso.date(),
  to: z.iso.date(),
  usage: z.array(
    z.strictObject({
      day: z.iso.date(),
      model: z.string().describe("Empty for requests that generate nothing."),
      keyId: z.string(),
      requests: count,
      promptTokens: count,
      completionTokens: count,
    }),
  ),
  refusals: z.array(z.strictObject({ day: z.iso.date(), reason: z.string(), count })),
});

export const auditLog = z.strictObject({
  entries: z.array(
    z.strictObject({
      id: count,
      at: time,
      requestId: z.string(),
      admin: z.enum(["current", "previous"]),
      action: z.string(),
      tenant: z.string().nullable(),
      detail: z.record(z.string(), z.unknown()),
      status: z.int().nullable(),
    }),
  ),
  next: z.int().nullable().describe("`before` of the next page."),
});
