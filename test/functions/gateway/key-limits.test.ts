import { expect, test } from "vitest";
import { callerWith, errorOf, newCaller, question } from "./caller.ts";
import { operate, operateJson } from "./operator.ts";

const CHAT = "/v1/chat/completions";
const short = question("What is 7 + 8?", { max_tokens: 2 });

test("a key's own limit is told as such, in words and in fields, and changes at once", async () => {
  const { tenant } = await newCaller();
  const path = `/tenants/${tenant}/keys`;
  const made = await operateJson<{ id: string; key: string }>("POST", path, { limits: { requestsPerMinute: 1 } });
  const caller = callerWith(made.key);
  const admitted = await caller.post(CHAT, short);
  await admitted.text();
  expect(admitted.headers.get("x-ratelimit-limit-requests")).toBe("1");
  expect(admitted.headers.get("ratelimit-policy")).toMatch(/^"requests";q=60;w=60, .*"key-requests";q=1;w=60$/);
  const refused = await caller.post(CHAT, short);
  expect(await errorOf(refused)).toMatchObject({
    status: 429,
    type: "requests",
    message: expect.stringMatching(/^Rate limit reached for this key: 1 requests per minute, 0 left\./),
    limit: {
      of: "key",
      kind: "requests",
      limit: 1,
      remaining: 0,
      retry_after_ms: Number(refused.headers.get("retry-after-ms")),
    },
  });
  await operate("PATCH", `${path}/${made.id}`, { limits: { requestsPerMinute: null } });
  expect((await caller.post(CHAT, short)).status).toBe(200);
});

test("a budget that is used up is a quota: the message has the money, and no SDK waits for it", async () => {
  const caller = await newCaller({ budgetMicrosPerMonth: 40 });
  const first = await caller.post(CHAT, short);
  expect(first.status).toBe(200);
  await first.text();
  const refused = await caller.post(CHAT, question("What is 7 + 8?", { max_tokens: 5 }));
  expect(refused.headers.get("x-should-retry")).toBe("false");
  expect(await errorOf(refused)).toMatchObject({
    status: 429,
    code: "insufficient_quota",
    type: "insufficient_quota",
    message: expect.stringMatching(
      /^You exceeded your current quota: 0\.00004 of budget per month \(UTC\), 0\.0000\d+ left\./,
    ),
    limit: { of: "tenant", kind: "budget", limit: 40 },
  });
  const never = await caller.post(CHAT, question("What is 7 + 8?", { max_tokens: 50 }));
  expect(await errorOf(never)).toMatchObject({ status: 400, code: "request_exceeds_limit" });
});

test("a raise lasts until its moment", async () => {
  const caller = await newCaller({ requestsPerMinute: 1 });
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const raise = { limits: { requestsPerMinute: 3 }, expiresAt };
  expect(await operateJson("PATCH", `/tenants/${caller.tenant}`, { raise })).toMatchObject({ raise });
  expect((await caller.get("/v1/models")).headers.get("x-ratelimit-limit-requests")).toBe("3");
  expect(await (await caller.get("/v1/usage")).json()).toMatchObject({
    limits: { requests_per_minute: 3, priority: 1 },
  });
  expect(await operateJson("PATCH", `/tenants/${caller.tenant}`, { raise: "none" })).toMatchObject({ raise: null });
  expect((await caller.get("/v1/models")).status).toBe(429);
});

test("a raise that has expired before it begins is refused", async () => {
  const { tenant } = await newCaller();
  const raise = { limits: { requestsPerMinute: 3 }, expiresAt: new Date(Date.now() - 1_000).toISOString() };
  const refused = await operate("PATCH", `/tenants/${tenant}`, { raise });
  expect(await errorOf(refused)).toMatchObject({ status: 400, message: expect.stringContaining("a moment to come") });
});

test.each([
  [{ limits: { requestsPerMinute: 0 } }, "limits.requestsPerMinute"],
  [{ limits: { priority: 2 } }, "limits.priority"],
  [{ limits: { budgetMicrosPerMonth: 1.5 } }, "limits.budgetMicrosPerMonth"],
])("a key refuses %j", async (body, param) => {
  const { tenant } = await newCaller();
  expect(await errorOf(await operate("POST", `/tenants/${tenant}/keys`, body))).toMatchObject({ status: 400, param });
});
