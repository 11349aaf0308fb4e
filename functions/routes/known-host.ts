import { createMiddleware } from "hono/factory";
import { ApiError } from "../errors.ts";
import { readGatewaySettings } from "../settings.ts";
import type { GatewayTypes } from "./context.ts";

/**
 * Refuses requests to a name that is not among LAPIDARY_HOSTS, where that is set: a page that points a name of its own at
 * this server (DNS rebinding) gets nothing.
 */
export const knownHost = createMiddleware<GatewayTypes>(async (c, next) => {
  const { hosts } = readGatewaySettings(c.env);
  if (hosts && !hosts.includes("*") && !hosts.includes(new URL(c.req.url).hostname))
    throw new ApiError(421, "unknown_host", "This service does not answer to this name. Use the operator's address.");
  await next();
});
