import { Hono } from "hono";
import adminApi from "../pages/admin/api.browser.js";
import adminMain from "../pages/admin/main.browser.js";
import adminStyle from "../pages/admin/style.css";
import tenantRoom from "../pages/admin/tenant-room.browser.js";
import usageChart from "../pages/admin/usage-chart.browser.js";
import curl from "../pages/chat/curl.browser.js";
import chatMain from "../pages/chat/main.browser.js";
import messages from "../pages/chat/messages.browser.js";
import stream from "../pages/chat/stream.browser.js";
import element from "../pages/element.browser.js";
import mark from "../pages/mark.svg";
import pipelinePicture from "../pages/pipeline-picture.browser.js";
import style from "../pages/style.css";
import type { GatewayTypes } from "./context.ts";
import { notFound } from "./not-found.ts";

/** Under /assets as they lie under functions/pages, so that scripts name each other alike in both. */
const FILES: ReadonlyMap<string, string> = new Map([
  ["admin/api.browser.js", adminApi],
  ["admin/main.browser.js", adminMain],
  ["admin/style.css", adminStyle],
  ["admin/tenant-room.browser.js", tenantRoom],
  ["admin/usage-chart.browser.js", usageChart],
  ["chat/curl.browser.js", curl],
  ["chat/main.browser.js", chatMain],
  ["chat/messages.browser.js", messages],
  ["chat/stream.browser.js", stream],
  ["element.browser.js", element],
  ["mark.svg", mark],
  ["pipeline-picture.browser.js", pipelinePicture],
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
  if (text === undefined) throw notFound(c.req.path);
  return c.body(text, 200, { ...PAGE_CACHED, "content-type": TYPES[path.slice(path.lastIndexOf(".") + 1)]! });
});
