import { expect, test } from "vitest";
import { errorOf, MODEL, newCaller, question } from "./caller.ts";
import { operate, operateJson } from "./operator.ts";

const CHAT = "/v1/chat/completions";
const short = (model: string) => question("Hi", { model, max_tokens: 1 });

test("a tenant's own names for a model work like the model's, for that tenant alone", async () => {
  const [caller, other] = [await newCaller(), await newCaller()];
  const aliases = { "gpt-4o-mini": MODEL, "google/gemma:small": MODEL, gone: "another-model" };
  await operate("PATCH", `/tenants/${caller.tenant}`, { aliases });

  const answer = await (await caller.post(CHAT, short("gpt-4o-mini"))).json<{ model: string }>();
  expect(answer.model).toBe(MODEL);
  const { data } = await (await caller.get("/v1/models")).json<{ data: { id: string }[] }>();
  expect(data.map(({ id }) => id)).toEqual([MODEL, "gpt-4o-mini", "google/gemma:small"]);
  expect(await (await caller.get("/v1/models/google%2Fgemma:small")).json()).toMatchObject({
    id: "google/gemma:small",
  });
  const { usage } = await operateJson<{ usage: { model: string }[] }>("GET", `/tenants/${caller.tenant}/usage`);
  expect(usage.map(({ model }) => model)).toEqual(["", MODEL]);

  const missing = { status: 404, code: "model_not_found", param: "model" };
  for (const name of ["gone", "constructor", "gpt-4"])
    expect(await errorOf(await caller.post(CHAT, short(name)))).toMatchObject(missing);
  expect(await errorOf(await other.post(CHAT, short("gpt-4o-mini")))).toMatchObject(missing);

  await operate("PATCH", `/tenants/${caller.tenant}`, { aliases: {} });
  expect(await errorOf(await caller.post(CHAT, short("gpt-4o-mini")))).toMatchObject(missing);
});

test("an alias is allowed when its model is", async () => {
  const caller = await newCaller({ allowedModels: ["another-model"] });
  await operate("PATCH", `/tenants/${caller.tenant}`, { aliases: { mine: MODEL } });
  expect((await caller.post(CHAT, short("mine"))).status).toBe(404);
});

test.each([
  ["a name that no client would send", { "": MODEL }],
  ["a name that is none", { __proto__x: MODEL, "a b": MODEL }],
  ["a model that is no text", { mine: 1 }],
  ["more than 64", Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`name-${index}`, MODEL]))],
])("refuses %s", async (_, aliases) => {
  const { tenant } = await newCaller();
  expect(await errorOf(await operate("PATCH", `/tenants/${tenant}`, { aliases }))).toMatchObject({ status: 400 });
});
