import { listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test, vi } from "vitest";
import { type Caller, MODEL, newCaller } from "./caller.ts";
import { eventData } from "./server-sent-events.ts";

const COMPLETIONS = "/v1/completions";
const TOKENS_PER_MINUTE = 10_000;
const LOSSES = 3;
/** Hot, and with a seed whose answer never ends by itself. */
const endless = { model: MODEL, prompt: [2], temperature: 2, top_p: 1, top_k: 0, max_tokens: 240, seed: 13 };

/** Ends the process of every conductor, as a crash does. */
async function abortConductors(): Promise<void> {
  for (const id of await listDurableObjectIds(env.CONDUCTOR)) {
    await runInDurableObject(env.CONDUCTOR.get(id), (_, state) => state.abort("aborted by a test")).catch(
      () => undefined,
    );
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function textOf(stream: string): string {
  const data = eventData(stream);
  expect(data.at(-1)).toBe("[DONE]");
  return data
    .slice(0, -1)
    .map((chunk) => JSON.parse(chunk).choices[0].text)
    .join("");
}

/** Reads a stream and has its conductor lost each time some more of it has come. */
async function readWithLosses(response: Response): Promise<{ stream: string; losses: number }> {
  const decoder = new TextDecoder();
  let stream = "";
  let losses = 0;
  for await (const bytes of response.body!) {
    stream += decoder.decode(bytes, { stream: true });
    if (losses === LOSSES || stream.split("data:").length < 30 * (losses + 1)) continue;
    await abortConductors();
    losses++;
  }
  return { stream, losses };
}

/** What the tenant's one place and its tokens say about what was settled. */
async function settledTokens(caller: Caller): Promise<number> {
  const response = await caller.post(COMPLETIONS, { ...endless, max_tokens: 1 });
  expect(response.status).toBe(200);
  await response.text();
  return TOKENS_PER_MINUTE - Number(response.headers.get("x-ratelimit-remaining-tokens")) - 2;
}

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});

test("a stream whose conductor is lost again and again goes on with the same text, charged once", async () => {
  const caller = await newCaller({ concurrency: 1, tokensPerMinute: TOKENS_PER_MINUTE });
  const undisturbed = textOf(await (await caller.post(COMPLETIONS, { ...endless, stream: true })).text());
  const tokens = await settledTokens(caller);

  const disturbed = await newCaller({ concurrency: 1, tokensPerMinute: TOKENS_PER_MINUTE });
  const { stream, losses } = await readWithLosses(await disturbed.post(COMPLETIONS, { ...endless, stream: true }));
  expect(losses).toBe(LOSSES);
  expect(textOf(stream)).toBe(undisturbed);
  expect(await settledTokens(disturbed)).toBe(tokens);
});

test("a whole answer whose conductor is lost comes all the same", async () => {
  const caller = await newCaller({ concurrency: 1, tokensPerMinute: TOKENS_PER_MINUTE });
  const undisturbed = await (await caller.post(COMPLETIONS, endless)).json<{ choices: unknown; usage: unknown }>();

  const response = caller.post(COMPLETIONS, endless);
  await pause(100);
  await abortConductors();
  const { choices, usage } = await (await response).json<typeof undisturbed>();
  expect({ choices, usage }).toEqual({ choices: undisturbed.choices, usage: undisturbed.usage });
});

test("a client that leaves while its conductor is lost frees its place, and pays for what was computed until then", async () => {
  const caller = await newCaller({ concurrency: 1, requestsPerMinute: 1000, tokensPerMinute: TOKENS_PER_MINUTE });
  const response = await caller.post(COMPLETIONS, { ...endless, max_tokens: 500, stream: true });
  const reader = response.body!.getReader();
  await reader.read();
  await abortConductors();
  await reader.cancel();
  const tokens = await vi.waitFor(() => settledTokens(caller), 5_000);
  expect(tokens).toBeGreaterThan(0);
  expect(tokens).toBeLessThan(500);
});
