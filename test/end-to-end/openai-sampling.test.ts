import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "./local-server.ts";

const MODEL = "lapidary-demo";

let server: LocalServer;
beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(() => server?.[Symbol.asyncDispose]());

const question = (content: string) => ({ model: MODEL, messages: [{ role: "user" as const, content }] });

describe("the official openai client", () => {
  test("gets log-probabilities of a chat, whole and streamed", async () => {
    const request = { ...question("What is 7 + 8?"), temperature: 0, logprobs: true, top_logprobs: 4 };
    const answer = await server.client.chat.completions.create(request);
    const { message, logprobs } = answer.choices[0]!;
    const content = logprobs!.content!;
    expect(content.map(({ token }) => token).join("")).toBe(message.content);
    for (const { token, logprob, bytes, top_logprobs } of content) {
      expect(top_logprobs).toHaveLength(4);
      expect(top_logprobs[0]).toEqual({ token, logprob, bytes });
      expect(top_logprobs.every((other) => other.logprob <= logprob)).toBe(true);
    }
    const streamed: unknown[] = [];
    for await (const chunk of await server.client.chat.completions.create({ ...request, stream: true }))
      streamed.push(...(chunk.choices[0]?.logprobs?.content ?? []));
    expect(streamed).toEqual(content);
  });

  test("gets several choices, the same again with a seed", async () => {
    const request = { ...question("Tell me a story."), temperature: 1, seed: 5, n: 3, max_tokens: 16 };
    const texts = async () =>
      (await server.client.chat.completions.create(request)).choices.map(({ message }) => message.content);
    const first = await texts();
    expect(new Set(first).size).toBe(3);
    expect(await texts()).toEqual(first);
  });

  test("scores echoed prompts in a batch of token ids", async () => {
    const scored = await server.client.completions.create({
      model: MODEL,
      prompt: [
        [2, 624, 431, 370],
        [2, 700, 701],
      ],
      max_tokens: 1,
      temperature: 0,
      echo: true,
      logprobs: 1,
    });
    expect(scored.choices.map(({ logprobs }) => logprobs!.tokens!.length)).toEqual([5, 4]);
    for (const { logprobs } of scored.choices) {
      const { token_logprobs, top_logprobs } = logprobs!;
      expect(token_logprobs![0]).toBeNull();
      expect(Math.max(...Object.values(top_logprobs!.at(-1)!))).toBe(token_logprobs!.at(-1));
    }
  });

  test("bends an answer by bias and penalties", async () => {
    const repetitive = { model: MODEL, prompt: "One two one two one two one two", temperature: 0, max_tokens: 24 };
    const asked = async (fields: object) =>
      (await server.client.completions.create({ ...repetitive, ...fields })).choices[0]!.text;
    const plain = await asked({});
    expect(await asked({ logit_bias: { 700: 100 } })).not.toBe(plain);
    expect(await asked({ frequency_penalty: 2, presence_penalty: 2 })).not.toBe(plain);
  });
});
