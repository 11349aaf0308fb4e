import { createMiddleware } from "hono/factory";
import { ApiError } from "../errors.ts";
import { readGatewaySettings } from "../settings.ts";
import { secretsEqual, verifyKey } from "../tenants/key.ts";
import { invalidKey } from "./admission.ts";
import type { GatewayTypes } from "./context.ts";

/** Lets a request with a key of ours through; asks no object, so made-up keys cost nothing. The ledger has the last word. */
export const authenticate = createMiddleware<GatewayTypes>(async (c, next) => {
  const { keySecret } = readGatewaySettings(c.env);
  const key = verifyKey(bearerToken(c.req.header("authorization")), keySecret);
  if (!key) throw invalidKey();
  c.set("key", key);
  await next();
});

/** Lets a request with one of the operator's two keys through. */
export const authenticateAdmin = createMiddleware<GatewayTypes>(async (c, next) => {
  const { adminKey, previousAdminKey } = readGatewaySettings(c.env);
  const presented = bearerToken(c.req.header("authorization"));
  if (secretsEqual(presented, adminKey)) c.set("admin", "current");
  else if (previousAdminKey !== undefined && secretsEqual(presented, previousAdminKey)) c.set("admin", "previous");
  else
    throw new ApiError(401, "invalid_admin_key", "Incorrect admin key.", { headers: { "www-authenticate": "Bearer" } });
  await next();
});

/** The token of an Authorization header; "" when there is none. */
export const bearerToken = (header = "") => /^Bearer +(\S+)$/i.exec(header)?.[1] ?? "";
