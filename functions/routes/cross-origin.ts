import { cors } from "hono/cors";
import { readGatewaySettings } from "../settings.ts";
import type { GatewayTypes } from "./context.ts";

/** What a page's script may read beside the body. */
const EXPOSED_HEADERS = [
  "x-request-id",
  "x-generation-id",
  "retry-after",
  "retry-after-ms",
  "x-should-retry",
  "ratelimit",
  "ratelimit-policy",
  "x-ratelimit-limit-requests",
  "x-ratelimit-limit-tokens",
  "x-ratelimit-remaining-requests",
  "x-ratelimit-remaining-tokens",
  "x-ratelimit-reset-requests",
  "x-ratelimit-reset-tokens",
];
const PREFLIGHT_SECONDS = 600;

/** Answers pages of the configured origins; keys travel in headers, so no cookies are ever asked for. */
export const crossOrigin = cors({
  origin: (origin, c) => {
    const { corsOrigins } = readGatewaySettings((c as { env: GatewayTypes["Bindings"] }).env);
    if (corsOrigins.includes("*")) return "*";
    return corsOrigins.includes(origin) ? origin : null;
  },
  allowMethods: ["GET", "POST", "DELETE"],
  exposeHeaders: EXPOSED_HEADERS,
  maxAge: PREFLIGHT_SECONDS,
});
