import { expect, test } from "vitest";
import { errorOf, MODEL, newCaller, question } from "./caller.ts";
import { operate, operateJson } from "./operator.ts";

const CHAT = "/v1/chat/completions";
const today = () => new Date().toISOString().slice(0, 10);

interface Usage {
  usage: { model: string; keyId: string; requests: number; promptTokens: number; completionTokens: number }[];
  refusals: { reason: string; count: number }[];
}

/** Three answers with two keys, and the tokens that the answers said they took. */
async function usedTenant() {
  const caller = await newCaller({ requestsPerMinute: 4 });
  const answers: Record<string, number>[] = [];
  for (const max_tokens of [1, 4, 30]) {
    const response = await caller.post(CHAT, question("What is 7 + 8?", { max_tokens }));
    answers.push((await response.json<{ usage: Record<string, number> }>()).usage);
  }
  const sum = (field: string) => answers.reduce((total, usage) => total + usage[field]!, 0);
  return {
    caller,
    path: `/tenants/${caller.tenant}/usage`,
    prompt: sum("prompt_tokens"),
    completion: sum("completion_tokens"),
    // Each answer's price is rounded up to a whole millionth: 1 a prompt token, 2.5 a completion token.
    cost: answers.reduce((total, usage) => total + Math.ceil(usage.prompt_tokens! + 2.5 * usage.completion_tokens!), 0),
  };
}

test("sums of usage are the tokens that answers reported, by day, model and key", async () => {
  const { caller, path, prompt, completion, cost } = await usedTenant();
  await caller.get("/v1/models");
  await caller.get("/v1/models");
  const { usage, refusals } = await operateJson<Usage>("GET", path);
  const row = { day: today(), keyId: expect.stringMatching(/^key_/) };
  expect(usage).toEqual([
    { ...row, model: "", requests: 1, promptTokens: 0, cachedTokens: 0, completionTokens: 0, costMicros: 0 },
    {
      ...row,
      model: MODEL,
      requests: 3,
      promptTokens: prompt,
      cachedTokens: 0,
      completionTokens: completion,
      costMicros: cost,
    },
  ]);
  expect(refusals).toEqual([{ day: today(), reason: "requests", count: 1 }]);
});

test("usage is exported as CSV", async () => {
  const { path, prompt, completion, cost } = await usedTenant();
  const response = await operate("GET", `${path}?format=csv`);
  expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8");
  const [header, row, end] = (await response.text()).split("\r\n");
  expect(header).toBe("day,model,key,requests,prompt_tokens,completion_tokens,cached_tokens,cost_micros");
  expect(row).toMatch(new RegExp(`^${today()},${MODEL},key_[0-9a-f]{16},3,${prompt},${completion},0,${cost}$`));
  expect(end).toBe("");
});

test("usage is told by whom requests were for, in their caller's words, as JSON and as CSV", async () => {
  const caller = await newCaller();
  const ask = async (user?: string) => {
    const response = await caller.post(CHAT, question("What is 7 + 8?", { max_tokens: 2, user }));
    return (await response.json<{ usage: Record<string, number> }>()).usage;
  };
  const { prompt_tokens: promptTokens, completion_tokens: completionTokens } = await ask('=ann "a"');
  await ask('=ann "a"');
  await ask("bob");
  await ask();
  const path = `/tenants/${caller.tenant}/usage/users`;
  const row = { day: today(), requests: 1, cachedTokens: 0, promptTokens, completionTokens };
  const { users } = await operateJson<{ users: object[] }>("GET", path);
  expect(users).toMatchObject([
    { user: '=ann "a"', day: today(), requests: 2, promptTokens: 2 * promptTokens! },
    { ...row, user: "bob" },
  ]);
  const lines = (await (await operate("GET", `${path}?format=csv`)).text()).split("\r\n");
  expect(lines[0]).toBe("day,user,requests,prompt_tokens,completion_tokens,cached_tokens,cost_micros");
  expect(lines[1]).toMatch(`${today()},"'=ann ""a""",2,${2 * promptTokens!},`);
});

test("usage is told by each entry of the metadata of requests, as JSON and as CSV", async () => {
  const caller = await newCaller();
  const ask = async (metadata?: Record<string, string>) =>
    await (await caller.post(CHAT, question("What is 7 + 8?", { max_tokens: 2, metadata }))).text();
  await ask({ team: "=search", stage: "test" });
  await ask({ team: "=search" });
  await ask();
  const input = { model: MODEL, input: "What is 7 + 8?", max_output_tokens: 16, metadata: { team: "answers" } };
  await (await caller.post("/v1/responses", input)).text();
  const path = `/tenants/${caller.tenant}/usage/metadata`;
  const { metadata } = await operateJson<{ metadata: object[] }>("GET", path);
  expect(metadata).toMatchObject([
    { name: "stage", value: "test", requests: 1 },
    { name: "team", value: "=search", day: today(), requests: 2 },
    { name: "team", value: "answers", requests: 1 },
  ]);
  const lines = (await (await operate("GET", `${path}?format=csv`)).text()).split("\r\n");
  expect(lines[0]).toBe("day,name,value,requests,prompt_tokens,completion_tokens,cached_tokens,cost_micros");
  expect(lines[2]).toMatch(`${today()},"team","'=search",2,`);
});

test("a tenant sees its own usage and limits", async () => {
  const { caller, prompt, completion, cost } = await usedTenant();
  const response = await caller.get("/v1/usage");
  expect(response.headers.get("x-ratelimit-remaining-requests")).toBe("0");
  expect(await response.json()).toMatchObject({
    object: "usage",
    tenant: caller.tenant,
    limits: { requests_per_minute: 4, tokens_per_day: null },
    now: {
      requests_this_minute: 4,
      tokens_this_minute: prompt + completion,
      tokens_today: prompt + completion,
      micros_this_month: cost,
      running: 0,
    },
    key: {
      id: expect.stringMatching(/^key_/),
      limits: { requests_per_minute: null },
      now: { requests_this_minute: 4, micros_this_month: cost },
    },
    to: today(),
    data: [
      { model: "", requests: 1 },
      { model: MODEL, requests: 3, prompt_tokens: prompt, completion_tokens: completion, cost_micros: cost },
    ],
  });
});

test.each([
  ["from=2027-13-01", "from"],
  ["from=2027-02-01&to=2027-01-01", "from"],
  ["from=2020-01-01&to=2027-01-01", "from"],
  ["format=xml", "format"],
])("refuses %s", async (query, param) => {
  const { tenant } = await newCaller();
  expect(await errorOf(await operate("GET", `/tenants/${tenant}/usage?${query}`))).toMatchObject({
    status: 400,
    param,
  });
});
