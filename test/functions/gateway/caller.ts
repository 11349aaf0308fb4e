import { env, exports } from "cloudflare:workers";
import type { TenantLimits } from "../../../functions/tenants/limits.ts";

export const MODEL = "lapidary-demo";
/** As vitest.config.ts sets them. */
export const { LAPIDARY_ADMIN_KEY: ADMIN_KEY, LAPIDARY_KEY_SECRET: KEY_SECRET } = env as unknown as {
  readonly LAPIDARY_ADMIN_KEY: string;
  readonly LAPIDARY_KEY_SECRET: string;
};
const ORIGIN = "https://lapidary.test";

export interface Caller {
  readonly tenant: string;
  readonly key: string;
  get(path: string): Promise<Response>;
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>;
}

/** Sends a request to the Worker under test. */
export function request(path: string, init?: RequestInit): Promise<Response> {
  return exports.default.fetch(new Request(`${ORIGIN}${path}`, init));
}

/** A tenant of its own with a key, made as an operator makes one. */
export async function newCaller(limits: Partial<TenantLimits> = {}): Promise<Caller> {
  const name = `t-${crypto.randomUUID().slice(0, 30)}`;
  const response = await request("/admin/v1/tenants", {
    method: "POST",
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
    body: JSON.stringify({ name, limits }),
  });
  const { key } = await response.json<{ key: string }>();
  return callerWith(key, name);
}

export function callerWith(key: string, tenant = ""): Caller {
  const authorization = `Bearer ${key}`;
  return {
    tenant,
    key,
    get: (path) => request(path, { headers: { authorization } }),
    post: (path, body, init) =>
      request(path, {
        method: "POST",
        headers: { authorization, "content-type": "application/json" },
        body: typeof body === "string" ? body : JSON.stringify(body),
        ...init,
      }),
  };
}

/** A chat of one question, at temperature 0 so that its answer is always the same. */
export const question = (content: string, fields: object = {}) => ({
  model: MODEL,
  temperature: 0,
  messages: [{ role: "user", content }],
  ...fields,
});

export interface ErrorBody {
  error: { message: string; type: string; param: string | null; code: string };
}

export async function errorOf(response: Response): Promise<ErrorBody["error"] & { status: number }> {
  return { status: response.status, ...(await response.json<ErrorBody>()).error };
}
