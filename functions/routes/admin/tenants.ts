import { Hono } from "hono";
import { ApiError } from "../../errors.ts";
import { newTenantSchema, tenantChangesSchema, tenantPageSchema } from "../../request/admin-requests.ts";
import { readJsonBody } from "../../request/json-body.ts";
import { validateQuery } from "../../request/usage-request.ts";
import { validate } from "../../request/validation.ts";
import { readGatewaySettings } from "../../settings.ts";
import { mintKey } from "../../tenants/key.ts";
import type { GatewayTypes } from "../context.ts";
import { audited } from "./audited.ts";
import { tooManyKeys } from "./keys.ts";
import { noSuchTenant, tenantOf } from "./tenant-of.ts";
import { isoTime, keyReply, tenantReply } from "./tenant-reply.ts";

const TENANTS = "/admin/v1/tenants";
const TENANT = `${TENANTS}/:tenant`;

/** Tenants: list, create with a first key, read, change, delete. */
export const tenants = new Hono<GatewayTypes>()
  .get(TENANTS, async (c) => {
    const { after, limit } = validateQuery(tenantPageSchema, c.req.url);
    const listed = await c.env.DIRECTORY.getByName("directory").list(after, limit);
    const next = listed.length === limit ? listed.at(-1)!.name : null;
    return c.json({ tenants: listed.map(({ name, createdMs }) => ({ name, createdAt: isoTime(createdMs) })), next });
  })
  .post(TENANTS, async (c) => {
    const { keyLabel, ...tenant } = validate(newTenantSchema, await readJsonBody(c.req.raw));
    return audited(c, tenant.name, { ...tenant, keyLabel }, async () => {
      // Listed first: a tenant that nobody could find would keep its keys for good.
      await c.env.DIRECTORY.getByName("directory").add(tenant.name);
      const ledger = c.env.LEDGER.getByName(tenant.name);
      const created = await ledger.create(tenant);
      if (!created) {
        const message = "There is a tenant of this name already. PATCH changes it; POST to its /keys adds a key.";
        throw new ApiError(409, "tenant_exists", message, { param: "name" });
      }
      const { key, secretSha256 } = mintKey(tenant.name, readGatewaySettings(c.env).keySecret);
      const record = await ledger.addKey({ secretSha256, label: keyLabel, expiresMs: null });
      if (!record) throw tooManyKeys();
      return c.json({ ...tenantReply(tenant.name, created), key, firstKey: keyReply(record) }, 201);
    });
  })
  .get(TENANT, async (c) => {
    const { name, ledger } = tenantOf(c);
    const record = await ledger.describe();
    if (!record) throw noSuchTenant();
    return c.json(tenantReply(name, record));
  })
  .patch(TENANT, async (c) => {
    const { name, ledger } = tenantOf(c);
    const changes = validate(tenantChangesSchema, await readJsonBody(c.req.raw));
    return audited(c, name, changes, async () => {
      const record = await ledger.change(changes);
      if (!record) throw noSuchTenant();
      return c.json(tenantReply(name, record));
    });
  })
  .delete(TENANT, async (c) => {
    const { name, ledger } = tenantOf(c);
    return audited(c, name, {}, async () => {
      const found = await ledger.describe();
      // All of it also where there is none any more: a deletion that was cut off is done again.
      await ledger.destroy();
      await c.env.RESPONSES.getByName(name).clear();
      await c.env.DIRECTORY.getByName("directory").remove(name);
      if (!found) throw noSuchTenant();
      return c.body(null, 204);
    });
  });
