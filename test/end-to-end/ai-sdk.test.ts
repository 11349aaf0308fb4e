import { createOpenAI, type OpenAIProvider } from "@ai-sdk/openai";
import { APICallError, generateText, isStepCount, Output, streamText, tool } from "ai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type LocalServer, startLocalServer } from "./local-server.ts";

const MODEL = "lapidary-demo";
const PERU = { prompt: "What is the capital of Peru?", temperature: 0, maxRetries: 0 };
const LIMA = "The capital of Peru is Lima.";

let server: LocalServer;
let provider: OpenAIProvider;
beforeAll(async () => {
  server = await startLocalServer();
  provider = createOpenAI({ baseURL: `${server.url}/v1`, apiKey: server.key });
});
afterAll(() => server?.[Symbol.asyncDispose]());

const city = z.object({ city: z.string().max(8) });
const weather = tool({
  description: "Weather",
  inputSchema: city,
  execute: ({ city }) => Promise.resolve(`It is sunny in ${city}.`),
});

describe.each([
  ["Responses API, its default", () => provider(MODEL)],
  ["chat API", () => provider.chat(MODEL)],
])("Vercel's AI SDK by the %s,", (_, model) => {
  test("gets a text and its usage", async () => {
    const { text, finishReason, usage } = await generateText({ ...PERU, model: model() });
    expect(text).toBe(LIMA);
    expect(finishReason).toBe("stop");
    expect(usage).toMatchObject({ inputTokens: 19, outputTokens: 10, totalTokens: 29 });
  });

  test("streams a text", async () => {
    const { textStream, usage } = streamText({ ...PERU, model: model() });
    const parts: string[] = [];
    for await (const part of textStream) parts.push(part);
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.join("")).toBe(LIMA);
    expect(await usage).toMatchObject({ outputTokens: 10 });
  });

  test("goes on with a conversation of its own", async () => {
    const first = await generateText({ ...PERU, model: model() });
    const asked = { role: "user" as const, content: PERU.prompt };
    const messages = [asked, ...first.response.messages, { role: "user" as const, content: "And of France?" }];
    const { text } = await generateText({ model: model(), temperature: 0, maxRetries: 0, messages });
    const told = [asked, { role: "assistant" as const, content: LIMA }, messages.at(-1)!];
    expect(text).toBe((await generateText({ model: model(), temperature: 0, messages: told })).text);
  });

  test("gets objects that fit a schema, whole and streamed", async () => {
    const asked = { ...PERU, model: model(), maxOutputTokens: 60, output: Output.object({ schema: city }) };
    const { output } = await generateText(asked);
    expect(city.parse(output)).toEqual(output);
    const streamed = streamText(asked);
    let last: unknown;
    for await (const partial of streamed.partialOutputStream) last = partial;
    expect(last).toEqual(output);
  });

  test("calls tools and tells what they answered: a loop of two steps, whole and streamed", async () => {
    const asked = {
      ...{ ...PERU, model: model(), tools: { weather }, maxOutputTokens: 60, stopWhen: isStepCount(2) },
      prepareStep: ({ stepNumber }: { stepNumber: number }) => ({
        toolChoice: stepNumber === 0 ? ("required" as const) : ("none" as const),
      }),
    };
    const whole = await generateText(asked);
    expect(whole.steps.map(({ finishReason }) => finishReason === "tool-calls")).toEqual([true, false]);
    const [called] = whole.steps[0]!.toolResults;
    expect(called!.output).toBe(`It is sunny in ${(called!.input as z.output<typeof city>).city}.`);
    const streamed = streamText(asked);
    expect(await streamed.text).toBe(whole.text);
    expect((await streamed.steps)[0]!.toolResults[0]).toMatchObject({ input: called!.input });
  });

  test("raises an error of its own, which says what was wrong", async () => {
    const wrong = generateText({ ...PERU, model: model(), temperature: 9 });
    await expect(wrong).rejects.toSatisfy(
      (error) => APICallError.isInstance(error) && error.statusCode === 400 && error.message.startsWith("temperature:"),
    );
  });
});
