import { Hono } from "hono";
import adminAliasesForm from "../pages/admin/aliases-form.browser.js";
import adminApi from "../pages/admin/api.browser.js";
import adminAuditLog from "../pages/admin/audit-log.browser.js";
import adminForm from "../pages/admin/form.browser.js";
import adminKeysRoom from "../pages/admin/keys-room.browser.js";
import adminLimits from "../pages/admin/limits.browser.js";
import adminMain from "../pages/admin/main.browser.js";
import adminPipelineRoom from "../pages/admin/pipeline-room.browser.js";
import adminRaiseRoom from "../pages/admin/raise-room.browser.js";
import adminStatus from "../pages/admin/status.browser.js";
import adminStyle from "../pages/admin/style.css";
import adminTenantRoom from "../pages/admin/tenant-room.browser.js";
import adminUsageChart from "../pages/admin/usage-chart.browser.js";
import adminUsageRoom from "../pages/admin/usage-room.browser.js";
import chatApi from "../pages/chat/api.browser.js";
import chatCurl from "../pages/chat/curl.browser.js";
import chatEvents from "../pages/chat/events.browser.js";
import chatFigures from "../pages/chat/figures.browser.js";
import chatKey from "../pages/chat/key.browser.js";
import chatLayoutStyle from "../pages/chat/layout.css";
import chatMain from "../pages/chat/main.browser.js";
import chatMessages from "../pages/chat/messages.browser.js";
import chatPanel from "../pages/chat/panel.browser.js";
import chatPipeline from "../pages/chat/pipeline.browser.js";
import chatSettings from "../pages/chat/settings.browser.js";
import chatStream from "../pages/chat/stream.browser.js";
import chatStyle from "../pages/chat/style.css";
import chatTimingPicture from "../pages/chat/timing-picture.browser.js";
import element from "../pages/element.browser.js";
import mark from "../pages/mark.svg";
import pipelinePicture from "../pages/pipeline-picture.browser.js";
import pipelinePictureStyle from "../pages/pipeline-picture.css";
import shape from "../pages/shape.browser.js";
import style from "../pages/style.css";
import { readGatewaySettings } from "../settings.ts";
import type { GatewayTypes } from "./context.ts";
import { notFound } from "./not-found.ts";

/** Of the chat page in development alone. */
export const DEVELOPMENT_SCRIPT = "chat/pipeline.browser.js";

/** Under /assets as they lie under functions/pages, so that scripts name each other alike in both. */
const FILES: ReadonlyMap<string, string> = new Map([
  ["admin/aliases-form.browser.js", adminAliasesForm],
  ["admin/api.browser.js", adminApi],
  ["admin/audit-log.browser.js", adminAuditLog],
  ["admin/form.browser.js", adminForm],
  ["admin/keys-room.browser.js", adminKeysRoom],
  ["admin/limits.browser.js", adminLimits],
  ["admin/main.browser.js", adminMain],
  ["admin/pipeline-room.browser.js", adminPipelineRoom],
  ["admin/raise-room.browser.js", adminRaiseRoom],
  ["admin/status.browser.js", adminStatus],
  ["admin/style.css", adminStyle],
  ["admin/tenant-room.browser.js", adminTenantRoom],
  ["admin/usage-chart.browser.js", adminUsageChart],
  ["admin/usage-room.browser.js", adminUsageRoom],
  ["chat/api.browser.js", chatApi],
  ["chat/curl.browser.js", chatCurl],
  ["chat/events.browser.js", chatEvents],
  ["chat/figures.browser.js", chatFigures],
  ["chat/key.browser.js", chatKey],
  ["chat/layout.css", chatLayoutStyle],
  ["chat/main.browser.js", chatMain],
  ["chat/messages.browser.js", chatMessages],
  ["chat/panel.browser.js", chatPanel],
  [DEVELOPMENT_SCRIPT, chatPipeline],
  ["chat/settings.browser.js", chatSettings],
  ["chat/stream.browser.js", chatStream],
  ["chat/style.css", chatStyle],
  ["chat/timing-picture.browser.js", chatTimingPicture],
  ["element.browser.js", element],
  ["mark.svg", mark],
  ["pipeline-picture.browser.js", pipelinePicture],
  ["pipeline-picture.css", pipelinePictureStyle],
  ["shape.browser.js", shape],
  ["style.css", style],
]);
const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** A deployment changes page and files together, so they are asked for anew after a minute. */
export const PAGE_CACHED = { "cache-control": "public, max-age=60" };

/** GET /assets/…: the scripts and styles of the pages. They hold no key and need none. */
export const pageFiles = new Hono<GatewayTypes>().get("/assets/:path{.+}", (c) => {
  const path = c.req.param("path");
  const text = FILES.get(path);
  const hidden = path === DEVELOPMENT_SCRIPT && !readGatewaySettings(c.env).development;
  if (text === undefined || hidden) throw notFound(c.req.path);
  return c.body(text, 200, { ...PAGE_CACHED, "content-type": TYPES[path.slice(path.lastIndexOf(".") + 1)]! });
});
