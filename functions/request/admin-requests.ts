import { z } from "zod";
import { MAX_REPLICAS } from "../settings.ts";
import { TENANT_PATTERN } from "../tenants/key.ts";
import { keyLimitChangesSchema, limitChangesSchema, raisedLimitsSchema } from "../tenants/limits.ts";

const MAX_LABEL_CHARACTERS = 100;
const MAX_GRACE_SECONDS = 30 * 86_400;
const DEFAULT_GRACE_SECONDS = 86_400;
const MAX_ALIASES = 64;
const MAX_MODEL_CHARACTERS = 256;
const MAX_PAGE = 1000;
const DEFAULT_PAGE = 100;

const label = z.string().max(MAX_LABEL_CHARACTERS);
/** A moment in the future or past, or never. */
const moment = z
  .union([z.iso.datetime({ offset: true }), z.literal("never")], {
    error: 'expected a time as in 2027-01-31T00:00:00Z, or "never"',
  })
  .transform((text) => (text === "never" ? null : Date.parse(text)));

/** For `refine`: what would begin after its end is a mistake. */
const toCome = (why: string) =>
  [(ms: number | null) => ms === null || ms > Date.now(), `expected a moment to come: ${why}`] as const;

/** Names that requests may give a model, and the model's own. A list that is sent takes the place of the one before. */
const aliases = z
  .record(
    z.string().regex(/^[A-Za-z0-9][\w.:/-]{0,255}$/, "expected names of a model, as in gpt-4o-mini"),
    z.string().min(1).max(MAX_MODEL_CHARACTERS),
  )
  .refine((names) => Object.keys(names).length <= MAX_ALIASES, `expected at most ${MAX_ALIASES} aliases`);

/** Higher limits until a moment, or the end of those there are. */
const raise = z
  .union(
    [
      z.literal("none"),
      z.strictObject({
        limits: raisedLimitsSchema,
        expiresAt: z.iso
          .datetime({ offset: true })
          .transform(Date.parse)
          .refine(...toCome("a raise that has expired raises nothing")),
      }),
    ],
    { error: 'expected limits and expiresAt, or "none"' },
  )
  .transform((given) => (given === "none" ? null : { limits: given.limits, expiresMs: given.expiresAt }));

/** POST /admin/v1/tenants */
export const newTenantSchema = z.strictObject({
  name: z.string().regex(TENANT_PATTERN, "expected 1 to 40 of a-z, 0-9 and -"),
  limits: limitChangesSchema.exactOptional(),
  blocked: z.boolean().exactOptional(),
  aliases: aliases.exactOptional(),
  /** Of the tenant's first key. */
  keyLabel: label.default(""),
});

/** PATCH /admin/v1/tenants/{tenant} */
export const tenantChangesSchema = z.strictObject({
  limits: limitChangesSchema.exactOptional(),
  raise: raise.exactOptional(),
  blocked: z.boolean().exactOptional(),
  aliases: aliases.exactOptional(),
});

/** POST /admin/v1/tenants/{tenant}/keys */
export const newKeySchema = z.strictObject({
  label: label.default(""),
  expiresAt: moment.refine(...toCome("a key that has expired lets nobody in")).default(null),
  limits: keyLimitChangesSchema.exactOptional(),
});

/** PATCH /admin/v1/tenants/{tenant}/keys/{key} */
export const keyChangesSchema = z.strictObject({
  label: label.exactOptional(),
  expiresAt: moment.exactOptional(),
  limits: keyLimitChangesSchema.exactOptional(),
});

/** POST /admin/v1/tenants/{tenant}/keys/{key}/rotate */
export const rotationSchema = z.strictObject({
  /** How long the key that is replaced still lets in. */
  graceSeconds: z.int().min(0).max(MAX_GRACE_SECONDS).default(DEFAULT_GRACE_SECONDS),
});

/** PATCH /admin/v1/replicas */
export const replicasSchema = z.strictObject({
  /** Of each stage; "configured": as LAPIDARY_REPLICAS says. */
  replicas: z.union([z.literal("configured"), z.int().min(1).max(MAX_REPLICAS)], {
    error: `expected a whole number from 1 to ${MAX_REPLICAS}, or "configured"`,
  }),
});

/** A number in a query: always text. */
const whole = (min: number, max: number, fallback: number) =>
  z
    .string()
    .regex(/^\d{1,16}$/, `expected a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .default(fallback)
    // As the reference says it: the text of such a number.
    .meta({ type: "integer", minimum: min, maximum: max, pattern: undefined });

/** GET /admin/v1/tenants */
export const tenantPageSchema = z.strictObject({
  /** The last name of the page before. */
  after: z.string().max(40).default(""),
  limit: whole(1, MAX_PAGE, DEFAULT_PAGE),
});

/** GET /admin/v1/audit */
export const auditPageSchema = z.strictObject({
  /** The last id of the page before. */
  before: whole(1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  limit: whole(1, MAX_PAGE, DEFAULT_PAGE),
});
