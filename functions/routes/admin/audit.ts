import { Hono } from "hono";
import { auditPageSchema } from "../../request/admin-requests.ts";
import { validateQuery } from "../../request/usage-request.ts";
import type { GatewayTypes } from "../context.ts";
import { isoTime } from "./tenant-reply.ts";

/** What operators did, newest first. */
export const audit = new Hono<GatewayTypes>().get("/admin/v1/audit", async (c) => {
  const { before, limit } = validateQuery(auditPageSchema, c.req.url);
  const entries = await c.env.DIRECTORY.getByName("directory").audit(before, limit);
  const next = entries.length === limit ? entries.at(-1)!.id : null;
  return c.json({ entries: entries.map(({ atMs, ...entry }) => ({ ...entry, at: isoTime(atMs) })), next });
});
