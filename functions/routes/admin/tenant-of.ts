import type { Context } from "hono";
import { ApiError } from "../../errors.ts";
import { TENANT_PATTERN } from "../../tenants/key.ts";
import type { GatewayTypes } from "../context.ts";

/** The tenant that a path names, and its ledger; an ApiError (404) when no tenant can have that name. */
export function tenantOf(c: Context<GatewayTypes>) {
  const name = c.req.param("tenant") ?? "";
  if (!TENANT_PATTERN.test(name)) throw noSuchTenant();
  return { name, ledger: c.env.LEDGER.getByName(name) };
}

export const noSuchTenant = () => new ApiError(404, "tenant_not_found", "There is no tenant of this name.");
