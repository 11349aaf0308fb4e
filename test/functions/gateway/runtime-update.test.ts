import { abortAllDurableObjects } from "cloudflare:test";
import { beforeEach, expect, test, vi } from "vitest";
import { MODEL, newCaller } from "./caller.ts";
import { chunksOf } from "./server-sent-events.ts";

const STREAMS = 20;
const RESETS = 2;
const BETWEEN_RESETS_MS = 300;
/** Long enough that every machine is in the middle of them at both resets. */
const TOKENS = 200;

const requests = Array.from({ length: STREAMS }, (_, seed) => ({
  model: MODEL,
  prompt: ["The capital of Peru is", "Once upon a time", [2], "x"][seed % 4],
  temperature: seed % 5 === 0 ? 0 : 1 + seed / 20,
  top_p: seed % 3 === 0 ? 0.95 : 1,
  top_k: seed % 2 === 0 ? 0 : 40,
  max_tokens: TOKENS,
  seed,
  stream: true,
  stream_options: { include_usage: true },
}));

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});

test("a runtime update, which resets all objects at once, in the middle of 20 streams loses none", async () => {
  const limits = { concurrency: STREAMS, requestsPerMinute: 1000, tokensPerMinute: 100_000 };
  const answer = async (caller: Awaited<ReturnType<typeof newCaller>>, request: (typeof requests)[number]) => {
    const response = await caller.post("/v1/completions", request);
    if (response.status !== 200) throw new Error(await response.text());
    const chunks = await chunksOf(response);
    const text = chunks.flatMap(({ choices }) => choices.map((choice) => choice.text)).join("");
    return { text, usage: chunks.at(-1)!.usage };
  };
  const alone = await newCaller(limits);
  const expected = [];
  for (const request of requests) expected.push(await answer(alone, request));

  const caller = await newCaller(limits);
  let ended = 0;
  const answers = requests.map(async (request) => {
    const found = await answer(caller, request);
    ended++;
    return found;
  });
  let running = STREAMS;
  for (let reset = 0; reset < RESETS; reset++) {
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_RESETS_MS));
    running = STREAMS - ended;
    await abortAllDurableObjects();
  }
  expect(running).toBeGreaterThan(0);
  expect(await Promise.all(answers)).toEqual(expected);
});
