import { listDurableObjectIds } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { mintKey } from "../../../functions/tenants/key.ts";
import { callerWith, errorOf, KEY_SECRET, newCaller, question, request } from "./caller.ts";

const CHAT = "/v1/chat/completions";

describe("a key", () => {
  test.each([
    ["absent", ""],
    ["of another service", "Bearer sk-1234"],
    ["with a wrong check", `Bearer lap_acme_${"a".repeat(64)}_${"b".repeat(24)}`],
    ["in another scheme", "Basic bGFwOg=="],
  ])("%s is a 401 that wakes no object", async (_, authorization) => {
    const before = await listDurableObjectIds(env.LEDGER);
    const response = await request(CHAT, {
      method: "POST",
      headers: { authorization },
      body: JSON.stringify(question("Hi")),
    });
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    expect(await errorOf(response)).toMatchObject({
      status: 401,
      code: "invalid_api_key",
      type: "invalid_request_error",
    });
    expect(await listDurableObjectIds(env.LEDGER)).toEqual(before);
  });

  test("with a right check that its tenant's ledger does not hold is a 401", async () => {
    const { key } = mintKey("acme", KEY_SECRET);
    expect((await callerWith(key).post(CHAT, question("Hi"))).status).toBe(401);
    const caller = await newCaller();
    expect((await callerWith(mintKey(caller.tenant, KEY_SECRET).key).get("/v1/models")).status).toBe(401);
  });

  test("of a tenant lets in", async () => {
    expect((await (await newCaller()).get("/v1/models")).status).toBe(200);
  });
});
