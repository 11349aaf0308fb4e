import { expect, test } from "vitest";
import { type Caller, errorOf, MODEL, newCaller } from "./caller.ts";

const COMPLETIONS = "/v1/completions";
const LIMIT_MS = 2_000;
const TOKENS_PER_MINUTE = 100_000;
const OTHERS = 14;

/** Hot, and with a seed whose answer never ends by itself. */
const endless = { model: MODEL, prompt: [2], temperature: 2, top_p: 1, top_k: 0, max_tokens: 500, seed: 13 };
const shortest = { ...endless, max_tokens: 1 };

const onePlace = () => newCaller({ concurrency: 1, requestsPerMinute: 1000, tokensPerMinute: TOKENS_PER_MINUTE });

/** Waits until the tenant's one place is free again; says how long that took and how many tokens were settled before. */
async function untilFree(caller: Caller): Promise<{ waitedMs: number; settledTokens: number }> {
  const startMs = Date.now();
  for (;;) {
    const response = await caller.post(COMPLETIONS, shortest);
    await response.text();
    if (response.status === 200) {
      const remaining = Number(response.headers.get("x-ratelimit-remaining-tokens"));
      const own = shortest.prompt.length + shortest.max_tokens;
      return { waitedMs: Date.now() - startMs, settledTokens: TOKENS_PER_MINUTE - remaining - own };
    }
    expect(response.status).toBe(429);
    if (Date.now() - startMs > 4 * LIMIT_MS) throw new Error("the place was never freed");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("a client that stays gets all of the answer that the others leave", async () => {
  const caller = await onePlace();
  await (await caller.post(COMPLETIONS, { ...endless, stream: true })).text();
  expect((await untilFree(caller)).settledTokens).toBe(endless.prompt.length + endless.max_tokens);
});

test("a client that leaves its stream frees its place within 2 s, and pays for what was computed until then", async () => {
  const caller = await onePlace();
  const response = await caller.post(COMPLETIONS, { ...endless, stream: true });
  const reader = response.body!.getReader();
  await reader.read();
  expect(await errorOf(await caller.post(COMPLETIONS, shortest))).toMatchObject({
    status: 429,
    type: "concurrency",
    code: "rate_limit_exceeded",
  });
  await reader.cancel();
  const { waitedMs, settledTokens } = await untilFree(caller);
  expect(waitedMs).toBeLessThan(LIMIT_MS);
  expect(settledTokens).toBeGreaterThan(1);
  expect(settledTokens).toBeLessThan(endless.max_tokens / 2);
});

test("a client that stops waiting for a whole answer frees its place within 2 s", async () => {
  // The demo model alone answers before anyone could leave; beside others it takes seconds.
  const others = await newCaller({ concurrency: OTHERS, requestsPerMinute: 1000, tokensPerMinute: TOKENS_PER_MINUTE });
  const busy = await Promise.all(
    Array.from({ length: OTHERS }, () => others.post(COMPLETIONS, { ...endless, stream: true })),
  );
  // Read on: a stream whose reader pauses is paused, and would leave the machine to the one that is measured.
  const read = busy.map((answer) => answer.text());
  const caller = await onePlace();
  const response = await caller.post(COMPLETIONS, endless);
  await response.body!.cancel();
  const { waitedMs, settledTokens } = await untilFree(caller);
  expect(waitedMs).toBeLessThan(LIMIT_MS);
  expect(settledTokens).toBeLessThan(endless.max_tokens);
  await Promise.all(read);
});
