import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { ADMIN_KEY, type Caller, errorOf, MODEL, newCaller, request } from "./caller.ts";

const RESPONSES = "/v1/responses";
const asked = (fields: object = {}) => ({ model: MODEL, input: "What is 7 + 8?", temperature: 0, ...fields });

let caller: Caller;
let id: string;
beforeAll(async () => {
  caller = await newCaller({ requestsPerMinute: 1000, tokensPerMinute: 1_000_000 });
  const response = await caller.post(RESPONSES, asked());
  expect(response.status).toBe(200);
  ({ id } = await response.json<{ id: string }>());
});

describe("a response of another tenant is as if it were not there", () => {
  let other: Caller;
  beforeAll(async () => {
    other = await newCaller();
  });

  test("read", async () => {
    expect((await caller.get(`${RESPONSES}/${id}`)).status).toBe(200);
    const foreign = await other.get(`${RESPONSES}/${id}`);
    const unknown = await other.get(`${RESPONSES}/resp_${"0".repeat(32)}`);
    expect([foreign.status, unknown.status]).toEqual([404, 404]);
    expect(await foreign.text()).toBe(await unknown.text());
    expect((await other.get(`${RESPONSES}/${id}/input_items`)).status).toBe(404);
  });

  test("gone on from", async () => {
    const previous = await other.post(RESPONSES, asked({ previous_response_id: id }));
    expect(previous.status).toBe(404);
    const item = { type: "item_reference", id: `msg_${id.slice("resp_".length)}` };
    const referred = await other.post(RESPONSES, asked({ input: [item, { role: "user", content: "And?" }] }));
    expect(referred.status).toBe(404);
  });
});

describe("refused by name", () => {
  test.each([
    ["an unknown field", { max_tokens: 3 }, "max_tokens", "unknown_parameter"],
    ["truncation", { truncation: "auto" }, "truncation", "unsupported_parameter"],
    ["work in the background", { background: true }, "background", "unsupported_parameter"],
    ["another kind of tool", { tools: [{ type: "web_search" }] }, "tools[0].type", "invalid_value"],
    ["no response's id", { previous_response_id: "7" }, "previous_response_id", "invalid_value"],
    [
      "the output of no call",
      { input: [{ type: "function_call_output", call_id: "call_1", output: "x" }] },
      "input[0].call_id",
      "invalid_value",
    ],
    [
      "an image",
      { input: [{ role: "user", content: [{ type: "input_image", text: "" }] }] },
      "input[0].content[0].type",
      "invalid_value",
    ],
  ])("%s", async (_, fields, param, code) => {
    const response = await caller.post(RESPONSES, asked(fields));
    expect(response.status).toBe(400);
    expect(await errorOf(response)).toMatchObject({ param, code });
  });
});

test("fields that change nothing are accepted", async () => {
  const nothing = {
    include: [],
    reasoning: { effort: "none" },
    truncation: "disabled",
    service_tier: "auto",
    metadata: { a: "b" },
    user: "u",
    text: { format: { type: "text" } },
  };
  const response = await caller.post(RESPONSES, asked(nothing));
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ metadata: { a: "b" }, user: "u", status: "completed" });
});

test("are gone with their tenant", async () => {
  const { tenant, post } = await newCaller();
  const { id: kept } = await (await post(RESPONSES, asked())).json<{ id: string }>();
  const store = env.RESPONSES.getByName(tenant);
  expect(await store.get(kept)).not.toBeNull();
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  expect((await request(`/admin/v1/tenants/${tenant}`, { method: "DELETE", headers })).status).toBe(204);
  expect(await store.get(kept)).toBeNull();
});
