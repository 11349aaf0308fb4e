import { ADMIN_KEY, request } from "./caller.ts";

/** Asks the admin API as an operator; JSON in, the response out. */
export function operate(method: string, path: string, body?: unknown, key = ADMIN_KEY): Promise<Response> {
  return request(`/admin/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${key}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

/** The same for an answer that is known to be JSON. */
export async function operateJson<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  return await (await operate(method, path, body)).json<Answer>();
}
