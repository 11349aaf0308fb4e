import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { chatCompletionChunk, errorReply } from "../../../functions/openapi/generation-replies.ts";
import { OPERATIONS } from "../../../functions/openapi/operations.ts";
import { responseEvent } from "../../../functions/openapi/response-replies.ts";
import { ADMIN_KEY, MODEL, newCaller, question, request } from "../gateway/caller.ts";

const caller = await newCaller();
const { keys } = await ask("get", `/admin/v1/tenants/${caller.tenant}/keys`, ADMIN_KEY).then((response) =>
  response.json<{ keys: { id: string }[] }>(),
);

/** The id of an answer that is kept. */
const kept = await caller
  .post("/v1/completions", { model: MODEL, prompt: "Once", max_tokens: 2 }, keptHeaders())
  .then((response) => response.json<{ id: string }>());

/** A response that is stored. */
const stored = await caller
  .post("/v1/responses", { model: MODEL, input: "Hi", max_output_tokens: 2 })
  .then((response) => response.json<{ id: string }>());

function keptHeaders(): RequestInit {
  const authorization = `Bearer ${caller.key}`;
  return { headers: { authorization, "content-type": "application/json", "idempotency-key": "a-name" } };
}

const BODIES: Record<string, object> = {
  "/v1/chat/completions": question("Hi", { max_tokens: 2 }),
  "/v1/completions": { model: MODEL, prompt: "Once", max_tokens: 2 },
  "/v1/responses": { model: MODEL, input: "Hi", max_output_tokens: 2 },
  "/v1/tokenize": { model: MODEL, prompt: "Once", return_token_strs: true },
  "/v1/detokenize": { model: MODEL, tokens: [2, 5], return_token_strs: true },
  "/v1/chat/render": question("Hi"),
  "/admin/v1/tenants": { name: `r-${crypto.randomUUID().slice(0, 30)}` },
  "/admin/v1/replicas": { replicas: "configured" },
  "/admin/v1/tenants/{tenant}": { limits: { tokensPerDay: 1000 } },
};

function ask(method: string, path: string, key: string, body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${key}` };
  return request(path, { method: method.toUpperCase(), headers, ...(body && { body: JSON.stringify(body) }) });
}

/** The objects of a stream, of which there must be some. */
function dataOf(stream: string): unknown[] {
  const found = [...stream.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => JSON.parse(data!));
  expect(found.length).toBeGreaterThan(0);
  return found;
}

const fits = (schema: z.ZodType, value: unknown) => expect(schema.safeParse(value).error).toBeUndefined();

describe("what the reference promises is what comes", () => {
  // The tenant is deleted last.
  const operations = OPERATIONS.toSorted((a, b) => Number(a.status === 204) - Number(b.status === 204));
  test.each(operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    "%s",
    async (_, { method, path, security, status, reply, event }) => {
      const names = { tenant: caller.tenant, key: keys[0]!.id, model: MODEL, id: kept.id, response: stored.id };
      const filled = path.replace(/\{(\w+)\}/g, (_, name: keyof typeof names) => names[name]);
      const key = security === "admin" ? ADMIN_KEY : caller.key;
      const response = await ask(method, filled, key, method === "get" ? undefined : (BODIES[path] ?? {}));
      // There is something in development alone, which these tests are not.
      if (path === "/v1/pipeline") return fits(errorReply, await response.json());
      if (path === "/ready" && response.status === 503) return fits(reply!, await response.json());
      // Revoking the key ends what it could still be rotated to.
      if (path.endsWith("/rotate")) return fits(errorReply, await response.json());
      expect(response.status).toBe(status);
      if (reply) fits(reply, await response.json());
      else if (event) for (const data of dataOf(await response.text())) fits(event, data);
      else expect(await response.text()).toBe("");
    },
  );

  test("events of a stream", async () => {
    const { post } = await newCaller();
    const options = { stream: true, stream_options: { include_usage: true }, max_tokens: 3 };
    const events = dataOf(await (await post("/v1/chat/completions", question("Hi", options))).text());
    expect(events.length).toBeGreaterThan(3);
    for (const event of events) fits(chatCompletionChunk, event);
  });

  test("events of a response", async () => {
    const { post } = await newCaller();
    const weather = { type: "function", name: "weather" };
    for (const fields of [{}, { tools: [weather], tool_choice: "required" }]) {
      const asked = { model: MODEL, input: "Hi", stream: true, max_output_tokens: 60, ...fields };
      for (const event of dataOf(await (await post("/v1/responses", asked)).text())) fits(responseEvent, event);
    }
  });

  test("errors", async () => {
    fits(errorReply, await (await ask("get", "/v1/models", "no key")).json());
    fits(errorReply, await (await ask("post", "/v1/chat/completions", caller.key, { model: 1 })).json());
  });
});
