import type { Context } from "hono";
import { toApiError } from "../../errors.ts";
import type { GatewayTypes } from "../context.ts";

/**
 * Does what an operator asked for between two marks in the audit log: nothing happens that the log could not take, and
 * an entry without a status is one that was cut off. `detail` is the checked body, never a secret.
 */
export async function audited(
  c: Context<GatewayTypes>,
  tenant: string | null,
  detail: object,
  act: () => Promise<Response>,
): Promise<Response> {
  const directory = c.env.DIRECTORY.getByName("directory");
  const action = `${c.req.method} ${c.req.routePath}`;
  const id = await directory.begin({ requestId: c.get("requestId"), admin: c.get("admin"), action, tenant, detail });
  try {
    const response = await act();
    await directory.finish(id, response.status);
    return response;
  } catch (error) {
    await directory.finish(id, toApiError(error).status);
    throw error;
  }
}
