import { listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { MODEL, newCaller, question } from "./caller.ts";
import { eventData } from "./server-sent-events.ts";

/** Ends the process of every conductor, as a runtime update does. */
async function abortConductors(): Promise<void> {
  for (const id of await listDurableObjectIds(env.CONDUCTOR)) {
    await runInDurableObject(env.CONDUCTOR.get(id), (_, state) => state.abort("aborted by a test")).catch(
      () => undefined,
    );
  }
}

test("a stream whose conductor is lost ends in an error, costs nothing, and the next answer comes", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const caller = await newCaller({ concurrency: 1, tokensPerMinute: 10_000 });
  const endless = {
    model: MODEL,
    prompt: [2],
    temperature: 2,
    top_p: 1,
    top_k: 0,
    max_tokens: 500,
    seed: 13,
    stream: true,
  };
  const response = await caller.post("/v1/completions", endless);
  const text = response.text();
  await abortConductors();

  const data = eventData(await text);
  expect(data).not.toContain("[DONE]");
  expect(JSON.parse(data.at(-1)!)).toMatchObject({ error: { code: "stage_lost", type: "server_error", param: null } });

  const next = await caller.post("/v1/chat/completions", question("What is 7 + 8?", { max_tokens: 20 }));
  expect(next.status).toBe(200);
  expect(next.headers.get("x-ratelimit-remaining-tokens")).toBe(String(10_000 - 20 - 20));
  expect(await next.json()).toMatchObject({ choices: [{ message: { content: "7 + 8 = 15." } }] });
});
