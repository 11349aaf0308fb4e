import { describe, expect, test } from "vitest";
import { networkOf } from "../../../functions/routes/keyless-shield.ts";
import { errorOf, newCaller, request } from "./caller.ts";

/** As wrangler.toml has it. */
const LIMIT = 100;

const keyless = (address: string, path = "/v1/models") =>
  request(path, { headers: { "cf-connecting-ip": address, authorization: "Bearer lap_made_up" } });

test("an address without a valid key is told to stop after its minute's requests, others are not", async () => {
  const statuses: number[] = [];
  for (let sent = 0; sent < LIMIT; sent++) statuses.push((await keyless("192.0.2.1")).status);
  expect(new Set(statuses)).toEqual(new Set([401]));
  const refused = await keyless("192.0.2.1", "/admin/v1/tenants");
  expect(refused.headers.get("retry-after")).toBe("60");
  expect(refused.headers.get("x-should-retry")).toBe("false");
  expect(refused.headers.get("x-request-id")).not.toBeNull();
  expect(await errorOf(refused)).toMatchObject({ status: 429, code: "rate_limit_exceeded", type: "requests" });
  expect((await keyless("192.0.2.2")).status).toBe(401);
});

test("who has a key is not counted, whatever others at the same address do", async () => {
  const caller = await newCaller({ requestsPerMinute: 1_000 });
  for (let sent = 0; sent <= LIMIT; sent++) await keyless("192.0.2.3");
  expect((await keyless("192.0.2.3")).status).toBe(429);
  const headers = { "cf-connecting-ip": "192.0.2.3", authorization: `Bearer ${caller.key}` };
  expect((await request("/v1/models", { headers })).status).toBe(200);
});

describe("an address's network", () => {
  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["2001:DB8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["", ""],
  ])("of %j is %j", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
