import type { Context } from "hono";
import type { ApiError } from "../errors.ts";
import type { GatewayTypes } from "./context.ts";

/** One line for the operator about a failure of ours; what callers do wrong is theirs. Never any text of a request. */
export function logFailure(c: Context<GatewayTypes>, failure: ApiError): void {
  if (failure.status < 500) return;
  const { status, code, message, cause } = failure;
  const detail = cause instanceof Error ? (cause.stack ?? cause.message) : cause;
  console.error(
    JSON.stringify({ requestId: c.get("requestId"), path: c.req.routePath, status, code, message, cause: detail }),
  );
}
