import type { Context } from "hono";
import type { ApiError } from "../errors.ts";
import { logLine } from "../log-line.ts";
import type { GatewayTypes } from "./context.ts";

/** Tells the operator about a failure of ours; what callers do wrong is theirs. */
export function logFailure(c: Context<GatewayTypes>, { status, code, message, cause }: ApiError): void {
  if (status < 500) return;
  // Where nobody has been let in there is no key.
  const key: { tenant: string } | undefined = c.get("key");
  const detail = { requestId: c.get("requestId"), tenant: key?.tenant, path: c.req.routePath, status, code, message };
  logLine("error", "request_failed", detail, cause);
}
