import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../../../functions/tenants/limits.ts";
import { ADMIN_KEY, callerWith, errorOf, MODEL, newCaller, question } from "./caller.ts";
import { operate, operateJson } from "./operator.ts";

const CHAT = "/v1/chat/completions";

interface Tenant {
  name: string;
  limits: Record<string, unknown>;
  key: string;
}

describe("a tenant", () => {
  test("is created with default limits and a first key", async () => {
    const response = await operate("POST", "/tenants", { name: "new-tenant" });
    expect(response.status).toBe(201);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const { key, ...tenant } = await response.json<Tenant>();
    expect(tenant).toEqual({
      name: "new-tenant",
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      blocked: false,
      limits: DEFAULT_LIMITS,
      raise: null,
      aliases: {},
      now: { requestsThisMinute: 0, tokensThisMinute: 0, tokensToday: 0, microsThisMonth: 0, running: 0 },
      alerts: [],
      firstKey: expect.objectContaining({ id: expect.stringMatching(/^key_[0-9a-f]{16}$/), state: "live" }),
    });
    expect((await callerWith(key).get("/v1/models")).headers.get("x-ratelimit-limit-requests")).toBe("60");
  });

  test("is created once", async () => {
    const [first, second] = await Promise.all([
      operate("POST", "/tenants", { name: "once" }),
      operate("POST", "/tenants", { name: "once", limits: { requestsPerMinute: 1 } }),
    ]);
    expect([first.status, second.status].sort()).toEqual([201, 409]);
  });

  test("is changed from the next request on; what is left out stays", async () => {
    const caller = await newCaller({ requestsPerMinute: 2, concurrency: 3 });
    await caller.get("/v1/models");
    await caller.get("/v1/models");
    expect((await caller.get("/v1/models")).status).toBe(429);
    const change = { limits: { requestsPerMinute: 4, maxContextTokens: 100 } };
    const changed = await operateJson<Tenant>("PATCH", `/tenants/${caller.tenant}`, change);
    expect(changed.limits).toMatchObject({ requestsPerMinute: 4, concurrency: 3, maxContextTokens: 100 });
    const headers = (await caller.get("/v1/models")).headers;
    expect(headers.get("x-ratelimit-limit-requests")).toBe("4");
    expect(headers.get("x-ratelimit-remaining-requests")).toBe("1");
  });

  test("that is blocked is answered 403 until it is not", async () => {
    const caller = await newCaller();
    await operate("PATCH", `/tenants/${caller.tenant}`, { blocked: true });
    expect(await errorOf(await caller.post(CHAT, question("Hi")))).toMatchObject({
      status: 403,
      code: "tenant_blocked",
    });
    await operate("PATCH", `/tenants/${caller.tenant}`, { blocked: false });
    expect((await caller.get("/v1/models")).status).toBe(200);
  });

  test("sees and uses only the models it may", async () => {
    const caller = await newCaller({ allowedModels: ["another-model"] });
    expect(await (await caller.get("/v1/models")).json()).toEqual({ object: "list", data: [] });
    const refusal = { status: 404, code: "model_not_found", param: "model" };
    expect(await errorOf(await caller.get(`/v1/models/${MODEL}`))).toMatchObject(refusal);
    expect(await errorOf(await caller.post(CHAT, question("Hi")))).toMatchObject(refusal);
    await operate("PATCH", `/tenants/${caller.tenant}`, { limits: { allowedModels: ["another-model", MODEL] } });
    expect((await caller.post(CHAT, question("Hi", { max_tokens: 1 }))).status).toBe(200);
  });

  test("that is deleted is gone with its keys, also for a later tenant of its name", async () => {
    const caller = await newCaller();
    const path = `/tenants/${caller.tenant}`;
    expect((await operate("DELETE", path)).status).toBe(204);
    expect((await caller.get("/v1/models")).status).toBe(401);
    expect(await errorOf(await operate("GET", path))).toMatchObject({ status: 404, code: "tenant_not_found" });
    expect((await operate("DELETE", path)).status).toBe(404);
    expect((await operate("POST", "/tenants", { name: caller.tenant })).status).toBe(201);
    expect((await caller.get("/v1/models")).status).toBe(401);
  });

  test("whose deletion was cut off is listed no more when it is deleted again", async () => {
    const { tenant } = await newCaller();
    await env.LEDGER.getByName(tenant).destroy();
    const listed = async () => {
      const after = tenant.slice(0, -1);
      const page = await operateJson<{ tenants: Tenant[] }>("GET", `/tenants?after=${after}&limit=1000`);
      return page.tenants.some(({ name }) => name === tenant);
    };
    expect(await listed()).toBe(true);
    expect((await operate("DELETE", `/tenants/${tenant}`)).status).toBe(404);
    expect(await listed()).toBe(false);
  });

  test("is listed page by page", async () => {
    for (const name of ["page-c", "page-a", "page-b"]) await operate("POST", "/tenants", { name });
    const names = (page: { tenants: { name: string }[] }) => page.tenants.map(({ name }) => name);
    const first = await operateJson<{ tenants: Tenant[]; next: string }>("GET", "/tenants?after=page&limit=2");
    expect(names(first)).toEqual(["page-a", "page-b"]);
    const second = await operateJson<{ tenants: Tenant[] }>("GET", `/tenants?after=${first.next}&limit=1`);
    expect(names(second)).toEqual(["page-c"]);
  });
});

describe("the admin API refuses", () => {
  test.each([
    ["a wrong admin key", { name: "a" }, `${ADMIN_KEY.slice(0, -1)}1`, 401, "invalid_admin_key"],
    ["a tenant's name that cannot be part of a key", { name: "A_b" }, ADMIN_KEY, 400, "invalid_value"],
    ["a limit of nothing", { name: "a", limits: { requestsPerMinute: 0 } }, ADMIN_KEY, 400, "invalid_value"],
    ["an unknown limit", { name: "a", limits: { rpm: 1 } }, ADMIN_KEY, 400, "unknown_parameter"],
  ])("%s", async (_, body, key, status, code) => {
    expect(await errorOf(await operate("POST", "/tenants", body, key))).toMatchObject({ status, code });
  });

  test("a tenant's own key, also where there is nothing", async () => {
    const { key } = await newCaller();
    expect((await operate("GET", "/tenants", undefined, key)).status).toBe(401);
    expect((await operate("GET", "/nothing", undefined, key)).status).toBe(401);
    expect((await operate("GET", "/nothing")).status).toBe(404);
  });

  test("a query it does not know", async () => {
    expect(await errorOf(await operate("GET", "/tenants?page=2"))).toMatchObject({ status: 400, param: "page" });
    expect(await errorOf(await operate("GET", "/tenants?limit=0"))).toMatchObject({ status: 400, param: "limit" });
  });
});
