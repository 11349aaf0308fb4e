import { expect, test } from "vitest";
import { MODEL, newCaller } from "./caller.ts";
import { chunksOf } from "./server-sent-events.ts";

const COMPLETIONS = "/v1/completions";
const greedy = { model: MODEL, temperature: 0, max_tokens: 6 };

interface Completion {
  choices: { text: string }[];
  usage: { prompt_tokens: number; completion_tokens: number };
}

test("a text prompt is continued in OpenAI's form", async () => {
  const caller = await newCaller();
  const body = await (await caller.post(COMPLETIONS, { ...greedy, prompt: "The capital of" })).json<Completion>();
  expect(body).toEqual({
    id: expect.stringMatching(/^cmpl-[0-9a-f]{32}$/),
    object: "text_completion",
    created: expect.any(Number),
    model: MODEL,
    system_fingerprint: expect.any(String),
    choices: [
      { index: 0, text: expect.any(String), logprobs: null, finish_reason: expect.stringMatching(/^(stop|length)$/) },
    ],
    usage: {
      prompt_tokens: expect.any(Number),
      completion_tokens: expect.any(Number),
      total_tokens: expect.any(Number),
      prompt_tokens_details: { cached_tokens: 0 },
    },
  });
});

test("the same prompt in a list, in chunks, gives the same text", async () => {
  const caller = await newCaller();
  const whole = await (await caller.post(COMPLETIONS, { ...greedy, prompt: "The capital of" })).json<Completion>();
  const chunks = await chunksOf(
    await caller.post(COMPLETIONS, { ...greedy, prompt: ["The capital of"], stream: true }),
  );
  expect(chunks.map((chunk) => chunk.choices[0]!.text).join("")).toBe(whole.choices[0]!.text);
  expect(chunks.every((chunk) => chunk.object === "text_completion")).toBe(true);
});

test("token ids are used as they are: text has the beginning token in front of them", async () => {
  const caller = await newCaller();
  const empty = await (await caller.post(COMPLETIONS, { ...greedy, prompt: "" })).json<Completion>();
  const beginning = await (await caller.post(COMPLETIONS, { ...greedy, prompt: [2] })).json<Completion>();
  expect(empty.usage.prompt_tokens).toBe(1);
  expect(beginning.choices).toEqual(empty.choices);
});
