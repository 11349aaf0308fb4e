import { z } from "zod";
import { keyLimitsSchema, raisedLimitsSchema, tenantLimitsSchema } from "../tenants/limits.ts";

const count = z.int().min(0);
const time = z.iso.datetime();

const micros = count.describe("Millionths of the currency that the prices are in.");
const holdings = z.strictObject({
  requestsThisMinute: count,
  tokensThisMinute: count,
  tokensToday: count,
  microsThisMonth: micros,
  running: count,
});

const tenantFields = {
  name: z.string(),
  createdAt: time,
  blocked: z.boolean(),
  limits: tenantLimitsSchema,
  raise: z.strictObject({ limits: raisedLimitsSchema, expiresAt: time }).nullable(),
  aliases: z.record(z.string(), z.string()),
  now: holdings,
  alerts: z.array(
    z.strictObject({
      limit: z.enum(["tokensPerDay", "budgetMicrosPerMonth"]),
      percent: z.int(),
      used: count,
      of: count,
      keyId: z.string().nullable().describe("null: the tenant's own limit."),
    }),
  ),
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
  limits: keyLimitsSchema.describe("null: as much as the tenant."),
  now: holdings.describe("With the keys that this one was rotated from."),
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

const used = {
  requests: count,
  promptTokens: count,
  cachedTokens: count.describe("Of the prompt tokens, those that a prefix cache held."),
  completionTokens: count,
  costMicros: micros,
};
const period = { tenant: z.string(), from: z.iso.date(), to: z.iso.date() };
const usageBy = <Names extends z.ZodRawShape>(names: Names) =>
  z.array(z.strictObject({ day: z.iso.date(), ...names, ...used }));

export const usageReport = z.strictObject({
  ...period,
  usage: usageBy({
    model: z.string().describe("Empty for requests that generate nothing."),
    keyId: z.string(),
  }),
  refusals: z.array(z.strictObject({ day: z.iso.date(), reason: z.string(), count })),
});

const state = z.enum(["empty", "loading", "ready", "failed"]);
const part = { state, memoryBytes: count };
const replica = {
  replica: count,
  state,
  draining: z.boolean().describe("It takes no new sessions, and ends with its last one."),
  suspect: z.boolean().describe("It failed when last heard of, or is not loaded yet: others are preferred."),
  sessions: count,
  reservedTokens: count.describe("KV cache promised to sessions."),
  cachedTokens: count.describe("KV cache that prompts of earlier sessions hold until one needs it."),
};
/** The stages of a pipeline, with each replica's fields. */
const stagesOf = <Shape extends z.ZodRawShape>(fields: Shape) =>
  z.array(z.strictObject({ firstLayer: count, layerCount: count, replicas: z.array(z.strictObject(fields)) }));

/** 200 of GET /admin/v1/pipeline */
export const pipelineReply = z.strictObject({
  engine: z.strictObject({ name: z.string(), version: z.string(), activations: z.int(), kvBits: z.int() }),
  running: count.describe("Generations that run or wait."),
  paused: count.describe("Generations whose reader vanished."),
  waiting: count.describe("Of those that run, sessions that wait for a place."),
  hopMs: z.number().min(0).describe("What a message between parts takes, one way; 0 as long as nothing is known."),
  memoryBytes: count.describe("Of all parts together."),
  stages: stagesOf({
    ...replica,
    memoryBytes: count,
    helpers: z.array(z.strictObject(part)).describe("The other objects that its layers are split over."),
  }),
  vocabularyShards: z.array(z.strictObject({ firstRow: count, rows: count, ...part })),
});

/** 200 of GET and PATCH /admin/v1/replicas */
export const replicasReply = z.strictObject({
  replicas: count.describe("Of each stage, that serve."),
  stages: stagesOf(replica),
});

export const userReport = z.strictObject({
  ...period,
  users: usageBy({
    user: z.string().describe("As requests say it; empty for those beyond the 500 that a day tells apart."),
  }),
});

export const metadataReport = z.strictObject({
  ...period,
  metadata: usageBy({
    name: z.string().describe('Of an entry; "…" for all those beyond the 500 that a day tells apart.'),
    value: z.string(),
  }),
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
