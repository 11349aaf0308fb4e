import { Hono } from "hono";
import style from "../pages/admin/admin.css";
import api from "../pages/admin/api.browser.js";
import element from "../pages/admin/element.browser.js";
import main from "../pages/admin/main.browser.js";
import page from "../pages/admin/page.html";
import pipelinePicture from "../pages/admin/pipeline-picture.browser.js";
import tenantRoom from "../pages/admin/tenant-room.browser.js";
import usageChart from "../pages/admin/usage-chart.browser.js";
import { SCRIPTS_POLICY } from "../pages/content-policy.ts";
import type { GatewayTypes } from "./context.ts";
import { notFound } from "./not-found.ts";

const SCRIPTS: ReadonlyMap<string, string> = new Map([
  ["main.browser.js", main],
  ["api.browser.js", api],
  ["element.browser.js", element],
  ["pipeline-picture.browser.js", pipelinePicture],
  ["tenant-room.browser.js", tenantRoom],
  ["usage-chart.browser.js", usageChart],
]);
/** A deployment changes them together, so they are asked for anew after a minute. */
const CACHED = { "cache-control": "public, max-age=60" };

/** GET /admin: the operator's page. It holds nothing: what it shows comes from /admin/v1 with the key that is typed in. */
export const adminPage = new Hono<GatewayTypes>()
  .get("/admin", (c) => c.html(page, 200, { ...CACHED, "content-security-policy": SCRIPTS_POLICY }))
  .get("/admin/assets/admin.css", (c) => c.body(style, 200, { ...CACHED, "content-type": "text/css; charset=utf-8" }))
  .get("/admin/assets/:file", (c) => {
    const script = SCRIPTS.get(c.req.param("file"));
    if (script === undefined) throw notFound(c.req.path);
    return c.body(script, 200, { ...CACHED, "content-type": "text/javascript; charset=utf-8" });
  });
