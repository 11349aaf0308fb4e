import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { api } from "../../../functions/api.ts";
import { pipelineReply } from "../../../functions/openapi/admin-replies.ts";
import { errorOf, newCaller } from "./caller.ts";
import { expectNothingInline } from "./page-files.ts";

const PICTURE = "/assets/chat/pipeline.browser.js";

const ask = (development: string | undefined, path: string, key = "") => {
  const request = new Request(`https://lapidary.test${path}`, { headers: { authorization: `Bearer ${key}` } });
  return api.fetch(request, { ...env, LAPIDARY_DEVELOPMENT: development }, createExecutionContext());
};

test("in development the chat page has a picture of the pipeline, and a key sees its data", async () => {
  const page = await (await ask("1", "/")).text();
  expect(page).toContain(`src="${PICTURE}"`);
  expectNothingInline(page);
  expect((await ask("1", PICTURE)).status).toBe(200);
  const { key } = await newCaller();
  const shown = await ask("1", "/v1/pipeline", key);
  expect(shown.headers.get("cache-control")).toBe("no-store");
  expect(pipelineReply.safeParse(await shown.json()).error).toBeUndefined();
  expect((await ask("1", "/v1/pipeline")).status).toBe(401);
});

test.each([undefined, "0"])(
  "elsewhere (%j) there is no picture, and its data is refused to every tenant",
  async (none) => {
    expect(await (await ask(none, "/")).text()).not.toContain("pipeline.browser.js");
    expect((await ask(none, PICTURE)).status).toBe(404);
    const { key } = await newCaller();
    expect(await errorOf(await ask(none, "/v1/pipeline", key))).toMatchObject({ status: 404, code: "not_found" });
  },
);
