import { Hono } from "hono";
import page from "../pages/chat/page.html";
import { SCRIPTS_POLICY } from "../pages/content-policy.ts";
import type { GatewayTypes } from "./context.ts";
import { PAGE_CACHED } from "./page-files.ts";

/** GET /: the chat page. It holds no key and needs none. */
export const chatPage = new Hono<GatewayTypes>().get("/", (c) =>
  c.html(page, 200, { ...PAGE_CACHED, "content-security-policy": SCRIPTS_POLICY }),
);
