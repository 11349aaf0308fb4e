import { Hono } from "hono";
import page from "../pages/admin/page.html";
import { SCRIPTS_POLICY } from "../pages/content-policy.ts";
import type { GatewayTypes } from "./context.ts";
import { PAGE_CACHED } from "./page-files.ts";

/** GET /admin: the operator's page. It holds nothing: what it shows comes from /admin/v1 with the key that is typed in. */
export const adminPage = new Hono<GatewayTypes>().get("/admin", (c) =>
  c.html(page, 200, { ...PAGE_CACHED, "content-security-policy": SCRIPTS_POLICY }),
);
