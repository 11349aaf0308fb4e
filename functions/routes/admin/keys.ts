import { Hono } from "hono";
import { ApiError } from "../../errors.ts";
import { keyChangesSchema, newKeySchema, rotationSchema } from "../../request/admin-requests.ts";
import { readJsonBody, readOptionalJsonBody } from "../../request/json-body.ts";
import { validate } from "../../request/validation.ts";
import { readGatewaySettings } from "../../settings.ts";
import { mintKey } from "../../tenants/key.ts";
import type { GatewayTypes } from "../context.ts";
import { audited } from "./audited.ts";
import { noSuchTenant, tenantOf } from "./tenant-of.ts";
import { keyReply } from "./tenant-reply.ts";

const KEYS = "/admin/v1/tenants/:tenant/keys";
const KEY = `${KEYS}/:key`;

/** Keys of a tenant: list, add, change, rotate, revoke. A key itself is shown once, when it is made. */
export const keys = new Hono<GatewayTypes>()
  .get(KEYS, async (c) => {
    const { ledger } = tenantOf(c);
    if (!(await ledger.describe())) throw noSuchTenant();
    return c.json({ keys: (await ledger.listKeys()).map(keyReply) });
  })
  .post(KEYS, async (c) => {
    const { name, ledger } = tenantOf(c);
    const { expiresAt: expiresMs, ...rest } = validate(newKeySchema, await readOptionalJsonBody(c.req.raw));
    return audited(c, name, { ...rest, expiresMs }, async () => {
      if (!(await ledger.describe())) throw noSuchTenant();
      const { key, secretSha256 } = mintKey(name, readGatewaySettings(c.env).keySecret);
      const record = await ledger.addKey({ ...rest, secretSha256, expiresMs });
      if (!record) throw tooManyKeys();
      return c.json({ ...keyReply(record), key }, 201);
    });
  })
  .patch(KEY, async (c) => {
    const { name, ledger } = tenantOf(c);
    const id = c.req.param("key");
    const { expiresAt, ...rest } = validate(keyChangesSchema, await readJsonBody(c.req.raw));
    const changes = { ...rest, ...(expiresAt !== undefined && { expiresMs: expiresAt }) };
    return audited(c, name, { id, ...changes }, async () => {
      const record = await ledger.changeKey(id, changes);
      if (!record) throw noSuchKey();
      return c.json(keyReply(record));
    });
  })
  .post(`${KEY}/rotate`, async (c) => {
    const { name, ledger } = tenantOf(c);
    const id = c.req.param("key");
    const { graceSeconds } = validate(rotationSchema, await readOptionalJsonBody(c.req.raw));
    return audited(c, name, { id, graceSeconds }, async () => {
      const { key, secretSha256 } = mintKey(name, readGatewaySettings(c.env).keySecret);
      const record = await ledger.rotateKey(id, secretSha256, graceSeconds * 1000);
      if (record === "missing") throw noSuchKey();
      if (record === "full") throw tooManyKeys();
      return c.json({ ...keyReply(record), key }, 201);
    });
  })
  .delete(KEY, async (c) => {
    const { name, ledger } = tenantOf(c);
    const id = c.req.param("key");
    return audited(c, name, { id }, async () => {
      const record = await ledger.revokeKey(id);
      if (!record) throw noSuchKey();
      return c.json(keyReply(record));
    });
  });

const noSuchKey = () => new ApiError(404, "key_not_found", "This tenant has no working key of this id.");

export const tooManyKeys = () =>
  new ApiError(409, "too_many_keys", "This tenant holds as many working keys as a tenant may. Revoke one first.");
