import { listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { errorOf, MODEL, newCaller } from "./caller.ts";

const COMPLETIONS = "/v1/completions";
const LEAVING_LIMIT_MS = 2_000;
/** Hot, and with a seed whose answers do not end by themselves. */
const endless = { model: MODEL, temperature: 2, top_p: 1, top_k: 0, seed: 13, ignore_eos: true };

test("several answers with log-probabilities come the same when their conductor is lost", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const caller = await newCaller({ requestsPerMinute: 100 });
  const prompt = ["Once upon a time", "The capital of Peru is"];
  const body = { ...endless, prompt, n: 2, max_tokens: 80, logprobs: 2, echo: true, frequency_penalty: 0.5 };
  type Answer = { choices: unknown; usage: unknown };
  const undisturbed = await (await caller.post(COMPLETIONS, body)).json<Answer>();

  const disturbed = caller.post(COMPLETIONS, body);
  for (let losses = 0; losses < 3; losses++) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    for (const id of await listDurableObjectIds(env.CONDUCTOR))
      await runInDurableObject(env.CONDUCTOR.get(id), (_, state) => state.abort("aborted by a test")).catch(() => {});
  }
  const { choices, usage } = await (await disturbed).json<Answer>();
  expect(warn).toHaveBeenCalledWith(expect.stringContaining("generation_broke_off"));
  expect({ choices, usage }).toEqual({ choices: undisturbed.choices, usage: undisturbed.usage });
});

test("a client that leaves frees the places of all its sequences, those that had not begun too", async () => {
  const caller = await newCaller({ concurrency: 12, requestsPerMinute: 1000, tokensPerMinute: 100_000 });
  const many = { ...endless, prompt: [2], n: 12, max_tokens: 400 };
  const response = await caller.post(COMPLETIONS, { ...many, stream: true });
  const reader = response.body!.getReader();
  await reader.read();
  const one = { ...endless, prompt: [2], max_tokens: 1 };
  expect(await errorOf(await caller.post(COMPLETIONS, one))).toMatchObject({ status: 429, type: "concurrency" });
  await reader.cancel();
  const startMs = Date.now();
  await vi.waitFor(
    async () => {
      const { now } = await (await caller.get("/v1/usage")).json<{ now: { running: number } }>();
      expect(now.running).toBe(0);
    },
    { timeout: 4 * LEAVING_LIMIT_MS, interval: 20 },
  );
  expect(Date.now() - startMs).toBeLessThan(LEAVING_LIMIT_MS);
});
