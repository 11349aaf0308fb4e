import { Hono } from "hono";
import page from "../pages/chat/page.html";
import { SCRIPTS_POLICY } from "../pages/content-policy.ts";
import { readGatewaySettings } from "../settings.ts";
import type { GatewayTypes } from "./context.ts";
import { DEVELOPMENT_SCRIPT, PAGE_CACHED } from "./page-files.ts";

const developmentPage = page.replace(
  "</head>",
  `  <script type="module" src="/assets/${DEVELOPMENT_SCRIPT}"></script>\n  </head>`,
);

/** GET /: the chat page, in development with a picture of the pipeline. It holds no key and needs none. */
export const chatPage = new Hono<GatewayTypes>().get("/", (c) => {
  const { development } = readGatewaySettings(c.env);
  const headers = { ...PAGE_CACHED, "content-security-policy": SCRIPTS_POLICY };
  return c.html(development ? developmentPage : page, 200, headers);
});
