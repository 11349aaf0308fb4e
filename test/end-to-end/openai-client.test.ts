import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clearAnswers, expectationsThere } from "./demo-expectations.ts";
import { type LocalServer, startLocalServer } from "./local-server.ts";

const MODEL = "lapidary-demo";

let server: LocalServer;
beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(() => server?.[Symbol.asyncDispose]());

const ask = (content: string) => ({ model: MODEL, temperature: 0, messages: [{ role: "user" as const, content }] });

describe("the official openai client", () => {
  test("gets a chat completion", async () => {
    const answer = await server.client.chat.completions.create(ask("What is the capital of Peru?"));
    expect(answer.choices[0]!.message.content).toContain("Lima");
    expect(answer.choices[0]!.finish_reason).toBe("stop");
    expect(answer.usage).toMatchObject({ prompt_tokens: 19, completion_tokens: 10, total_tokens: 29 });
  });

  test("streams a chat completion and its usage", async () => {
    const stream = await server.client.chat.completions.create({
      ...ask("What is 7 + 8?"),
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let finish: string | null = null;
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      finish = chunk.choices[0]?.finish_reason ?? finish;
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe("7 + 8 = 15.");
    expect(finish).toBe("stop");
    expect(usage?.completion_tokens).toBe(10);
  });

  test("gets a completion from a text prompt, cut at max_tokens", async () => {
    const answer = await server.client.completions.create({
      model: MODEL,
      prompt: "Once upon a time",
      max_tokens: 5,
      seed: 3,
    });
    expect(answer.choices[0]!.finish_reason).toBe("length");
    expect(answer.usage?.completion_tokens).toBe(5);
  });

  test("sees the model", async () => {
    const models = await server.client.models.list();
    expect(models.data.map((model) => model.id)).toEqual([MODEL]);
    expect((await server.client.models.retrieve(MODEL)).object).toBe("model");
  });

  test("raises its own error classes", async () => {
    const stranger = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "lap_dev_wrong_key", maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    await expect(server.client.chat.completions.create({ ...ask("hi"), temperature: 9 })).rejects.toBeInstanceOf(
      OpenAI.BadRequestError,
    );
    await expect(server.client.models.retrieve("no-such-model")).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  test("the same seed gives the same text at temperature 1, another seed another", async () => {
    const story = async (seed: number) => {
      const answer = await server.client.chat.completions.create({
        ...ask("Tell me a story about a fox."),
        temperature: 1,
        seed,
        max_tokens: 40,
      });
      return answer.choices[0]!.message.content;
    };
    const [first, again, other] = [await story(11), await story(11), await story(12)];
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  test.skipIf(!expectationsThere)(
    "4 bits give the full-precision answer wherever it was clear (needs ../shared)",
    async () => {
      const answers = clearAnswers();
      expect(answers.length).toBeGreaterThanOrEqual(10);
      for (const { prompt, text } of answers) {
        const answer = await server.client.chat.completions.create(ask(prompt));
        expect({ prompt, text: answer.choices[0]!.message.content }).toEqual({ prompt, text });
      }
    },
  );
});
