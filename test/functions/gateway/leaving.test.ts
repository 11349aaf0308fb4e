import { expect, test } from "vitest";
import { type Caller, errorOf, MODEL, newCaller } from "./caller.ts";

const COMPLETIONS = "/v1/completions";
const LIMIT_MS = 2_000;

/** Hot enough that the end token hardly ever comes: fills the context, which takes a while. */
const endless = { model: MODEL, prompt: [2], temperature: 2, top_p: 1, top_k: 0, max_tokens: 500, seed: 7 };

/** Milliseconds until the tenant's one place is free again. */
async function untilFree(caller: Caller): Promise<number> {
  const startMs = Date.now();
  for (;;) {
    const response = await caller.post(COMPLETIONS, { ...endless, max_tokens: 1 });
    await response.text();
    if (response.status === 200) return Date.now() - startMs;
    expect(response.status).toBe(429);
    if (Date.now() - startMs > 4 * LIMIT_MS) throw new Error("the place was never freed");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("one generation at a time means one, and a client that leaves its stream frees the place within 2 s", async () => {
  const caller = await newCaller({ concurrency: 1, requestsPerMinute: 1000 });
  const response = await caller.post(COMPLETIONS, { ...endless, stream: true });
  const reader = response.body!.getReader();
  await reader.read();
  expect(await errorOf(await caller.post(COMPLETIONS, { ...endless, max_tokens: 1 }))).toMatchObject({
    status: 429,
    type: "concurrency",
    code: "rate_limit_exceeded",
  });
  await reader.cancel();
  expect(await untilFree(caller)).toBeLessThan(LIMIT_MS);
});

test("a client that stops waiting for a whole answer frees the place within 2 s", async () => {
  const caller = await newCaller({ concurrency: 1, requestsPerMinute: 1000 });
  const response = await caller.post(COMPLETIONS, endless);
  await response.body!.cancel();
  expect(await untilFree(caller)).toBeLessThan(LIMIT_MS);
});
