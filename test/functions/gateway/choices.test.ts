import { describe, expect, test } from "vitest";
import { type Caller, errorOf, MODEL, newCaller, question } from "./caller.ts";
import { chunksOf } from "./server-sent-events.ts";

const CHAT = "/v1/chat/completions";
const COMPLETIONS = "/v1/completions";

interface Body {
  choices: { index: number; text: string; message: { content: string }; finish_reason: string }[];
  usage: { prompt_tokens: number; completion_tokens: number };
}

const sampled = { temperature: 1, max_tokens: 8 };
const complete = async (caller: Caller, fields: object) => {
  const response = await caller.post(COMPLETIONS, { model: MODEL, ...sampled, ...fields });
  expect(response.status).toBe(200);
  return await response.json<Body>();
};

describe("several choices", () => {
  test("differ, are the same again with the seed, and the first is the only one's", async () => {
    const caller = await newCaller();
    const ask = async (n: number) =>
      await (await caller.post(CHAT, question("Tell me a story.", { ...sampled, n, seed: 7 }))).json<Body>();
    const four = await ask(4);
    expect(four.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    const texts = four.choices.map(({ message }) => message.content);
    expect(new Set(texts).size).toBe(4);
    expect((await ask(4)).choices).toEqual(four.choices);
    const one = await ask(1);
    expect(one.choices[0]).toEqual(four.choices[0]);
    // The prompt counts once, every answer in full.
    expect(four.usage.prompt_tokens).toBe(one.usage.prompt_tokens);
    expect(four.usage.completion_tokens).toBeGreaterThan(one.usage.completion_tokens);
  });

  test("come in a stream under their index, each with an opening and a closing", async () => {
    const caller = await newCaller();
    const fields = { ...sampled, n: 3, seed: 9 };
    const whole = await (await caller.post(CHAT, question("Tell me a story.", fields))).json<Body>();
    const options = { stream: true, stream_options: { include_usage: true } };
    const chunks = await chunksOf(await caller.post(CHAT, question("Tell me a story.", { ...fields, ...options })));
    const last = chunks.pop()!;
    expect(last).toMatchObject({ choices: [], usage: whole.usage });
    for (const { index, message, finish_reason } of whole.choices) {
      const own = chunks.flatMap(({ choices }) => choices).filter((choice) => choice.index === index);
      expect(own[0]!.delta).toMatchObject({ role: "assistant", content: "" });
      expect(own.map(({ delta }) => delta.content ?? "").join("")).toBe(message.content);
      expect(own.at(-1)!.finish_reason).toBe(finish_reason);
    }
  });
});

describe("several prompts", () => {
  test("are each answered as if alone, choices of a prompt next to each other", async () => {
    const caller = await newCaller();
    const prompts = ["Once upon a time", "The capital of"];
    const fields = { n: 2, seed: 3 };
    const alone = await Promise.all(prompts.map((prompt) => complete(caller, { ...fields, prompt })));
    const together = await complete(caller, { ...fields, prompt: prompts });
    expect(together.choices.map(({ text }) => text)).toEqual(
      alone.flatMap(({ choices }) => choices.map(({ text }) => text)),
    );
    expect(together.usage.prompt_tokens).toBe(alone.reduce((sum, { usage }) => sum + usage.prompt_tokens, 0));
    expect(together.usage.completion_tokens).toBe(alone.reduce((sum, { usage }) => sum + usage.completion_tokens, 0));
  });

  test("may be lists of token ids", async () => {
    const caller = await newCaller();
    const prompts = [
      [2, 624, 431],
      [2, 370],
    ];
    const { choices, usage } = await complete(caller, { prompt: prompts, temperature: 0 });
    const alone = await complete(caller, { prompt: prompts[1], temperature: 0 });
    expect(choices).toHaveLength(2);
    expect(choices[1]!.text).toBe(alone.choices[0]!.text);
    expect(usage.prompt_tokens).toBe(5);
  });
});

describe("the sequences of a request", () => {
  test("may be more than run at the same time", async () => {
    const caller = await newCaller({ concurrency: 32, tokensPerMinute: 1_000_000 });
    const { choices } = await complete(caller, { prompt: ["a", "b", "c", "d"], n: 8, max_tokens: 2 });
    expect(choices.map(({ index }) => index)).toEqual(Array.from({ length: 32 }, (_, index) => index));
  });

  test("count as concurrency and tokens, and are free again afterwards", async () => {
    const caller = await newCaller({ concurrency: 4, tokensPerMinute: 1000 });
    const response = await caller.post(COMPLETIONS, { model: MODEL, ...sampled, prompt: [2, 5], n: 4, max_tokens: 10 });
    expect(response.headers.get("x-ratelimit-remaining-tokens")).toBe(String(1000 - 2 - 40));
    expect(response.headers.get("x-ratelimit-remaining-requests")).toBe("59");
    const { usage } = await response.json<Body>();
    const { now } = await (await caller.get("/v1/usage")).json<{ now: Record<string, number> }>();
    expect(now).toMatchObject({ running: 0, tokens_this_minute: usage.prompt_tokens + usage.completion_tokens });
  });

  test("that are more than a tenant may ever run are a 400", async () => {
    const caller = await newCaller({ concurrency: 4 });
    const error = await errorOf(await caller.post(COMPLETIONS, { model: MODEL, prompt: "Hi", n: 5 }));
    expect(error).toMatchObject({ status: 400, code: "request_exceeds_limit", param: "n" });
  });
});
