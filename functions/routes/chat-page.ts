import { Hono } from "hono";
import curl from "../pages/chat/curl.browser.js";
import main from "../pages/chat/main.browser.js";
import mark from "../pages/chat/mark.svg";
import messages from "../pages/chat/messages.browser.js";
import page from "../pages/chat/page.html";
import stream from "../pages/chat/stream.browser.js";
import style from "../pages/chat/style.css";
import { SCRIPTS_POLICY } from "../pages/content-policy.ts";
import type { GatewayTypes } from "./context.ts";
import { notFound } from "./not-found.ts";

const SCRIPT = "text/javascript; charset=utf-8";
const FILES: Readonly<Record<string, readonly [type: string, text: string]>> = {
  "style.css": ["text/css; charset=utf-8", style],
  "mark.svg": ["image/svg+xml", mark],
  "main.browser.js": [SCRIPT, main],
  "messages.browser.js": [SCRIPT, messages],
  "stream.browser.js": [SCRIPT, stream],
  "curl.browser.js": [SCRIPT, curl],
};
/** A deployment changes them together, so they are asked for anew after a minute. */
const CACHED = { "cache-control": "public, max-age=60" };

/** GET /: the chat page, and its files under /assets. They hold no key and need none. */
export const chatPage = new Hono<GatewayTypes>()
  .get("/", (c) => c.html(page, 200, { ...CACHED, "content-security-policy": SCRIPTS_POLICY }))
  .get("/assets/:file", (c) => {
    const file = FILES[c.req.param("file")];
    if (!file || !Object.hasOwn(FILES, c.req.param("file"))) throw notFound(c.req.path);
    const [type, text] = file;
    return c.body(text, 200, { ...CACHED, "content-type": type });
  });
