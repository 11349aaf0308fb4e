import { z } from "zod";
import { TENANT_PATTERN } from "../tenants/key.ts";
import { limitChangesSchema } from "../tenants/limits.ts";

const MAX_LABEL_CHARACTERS = 100;
const MAX_GRACE_SECONDS = 30 * 86_400;
const DEFAULT_GRACE_SECONDS = 86_400;
const MAX_PAGE = 1000;
const DEFAULT_PAGE = 100;

const label = z.string().max(MAX_LABEL_CHARACTERS);
/** A moment in the future or past, or never. */
const moment = z
  .union([z.iso.datetime({ offset: true }), z.literal("never")], {
    error: 'expected a time as in 2027-01-31T00:00:00Z, or "never"',
  })
  .transform((text) => (text === "never" ? null : Date.parse(text)));

/** POST /admin/v1/tenants */
export const newTenantSchema = z.strictObject({
  name: z.string().regex(TENANT_PATTERN, "expected 1 to 40 of a-z, 0-9 and -"),
  limits: limitChangesSchema.exactOptional(),
  blocked: z.boolean().exactOptional(),
  /** Of the tenant's first key. */
  keyLabel: label.default(""),
});

/** PATCH /admin/v1/tenants/{tenant} */
export const tenantChangesSchema = z.strictObject({
  limits: limitChangesSchema.exactOptional(),
  blocked: z.boolean().exactOptional(),
});

/** POST /admin/v1/tenants/{tenant}/keys */
export const newKeySchema = z.strictObject({ label: label.default(""), expiresAt: moment.default(null) });

/** PATCH /admin/v1/tenants/{tenant}/keys/{key} */
export const keyChangesSchema = z.strictObject({ label: label.exactOptional(), expiresAt: moment.exactOptional() });

/** POST /admin/v1/tenants/{tenant}/keys/{key}/rotate */
export const rotationSchema = z.strictObject({
  /** How long the key that is replaced still lets in. */
  graceSeconds: z.int().min(0).max(MAX_GRACE_SECONDS).default(DEFAULT_GRACE_SECONDS),
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
