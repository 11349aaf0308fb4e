import { describe, expect, test } from "vitest";
import { ADMIN_KEY, callerWith, errorOf, request } from "./caller.ts";

const post = (body: unknown, key = ADMIN_KEY) =>
  request("/admin/v1/tenants", {
    method: "POST",
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  });

interface Tenant {
  name: string;
  limits: Record<string, number>;
  key: string;
}

describe("POST /admin/v1/tenants", () => {
  test("creates a tenant with default limits and answers its key", async () => {
    const { name, limits, key } = await (await post({ name: "new-tenant" })).json<Tenant>();
    expect({ name, limits }).toEqual({
      name: "new-tenant",
      limits: { requestsPerMinute: 60, tokensPerMinute: 100_000, concurrency: 8, maxOutputTokens: 4096 },
    });
    expect((await callerWith(key).get("/v1/models")).headers.get("x-ratelimit-limit-requests")).toBe("60");
  });

  test("changes the limits given, keeps the others, and earlier keys work on", async () => {
    const first = await (
      await post({ name: "changing", limits: { requestsPerMinute: 5, concurrency: 3 } })
    ).json<Tenant>();
    const second = await (await post({ name: "changing", limits: { requestsPerMinute: 7 } })).json<Tenant>();
    expect(second.limits).toMatchObject({ requestsPerMinute: 7, concurrency: 3 });
    expect(second.key).not.toBe(first.key);
    const headers = (await callerWith(first.key).get("/v1/models")).headers;
    expect(headers.get("x-ratelimit-limit-requests")).toBe("7");
  });

  test.each([
    ["a wrong admin key", { name: "a" }, `${ADMIN_KEY.slice(0, -1)}1`, 401, "invalid_admin_key"],
    ["a tenant's name that cannot be part of a key", { name: "A_b" }, ADMIN_KEY, 400, "invalid_value"],
    ["a limit of nothing", { name: "a", limits: { requestsPerMinute: 0 } }, ADMIN_KEY, 400, "invalid_value"],
    ["an unknown limit", { name: "a", limits: { rpm: 1 } }, ADMIN_KEY, 400, "unknown_parameter"],
  ])("refuses %s", async (_, body, key, status, code) => {
    expect(await errorOf(await post(body, key))).toMatchObject({ status, code });
  });

  test("is closed to a tenant's own key", async () => {
    const { key } = await (await post({ name: "no-operator" })).json<Tenant>();
    expect((await post({ name: "no-operator" }, key)).status).toBe(401);
  });
});
