import { type AIMessageChunk, HumanMessage, SystemMessage, type ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI, type ChatOpenAIFields } from "@langchain/openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type LocalServer, startLocalServer } from "./local-server.ts";

const PERU = "What is the capital of Peru?";
const LIMA = "The capital of Peru is Lima.";

let server: LocalServer;
beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(() => server?.[Symbol.asyncDispose]());

const city = z.object({ city: z.string().max(8) });
const weather = tool(({ city }) => `It is sunny in ${city}.`, {
  name: "get_weather",
  description: "Weather",
  schema: city,
});

describe.each([
  ["chat API, its default", false],
  ["Responses API", true],
])("LangChain's OpenAI class by the %s,", (_, useResponsesApi) => {
  const chat = (fields: Partial<ChatOpenAIFields> = {}) =>
    new ChatOpenAI({
      ...{ model: "lapidary-demo", apiKey: server.key, configuration: { baseURL: `${server.url}/v1` } },
      ...{ temperature: 0, maxRetries: 0, useResponsesApi, ...fields },
    });

  test("invokes", async () => {
    const answer = await chat().invoke([new SystemMessage("Be brief."), new HumanMessage(PERU)]);
    expect(answer.text).toContain("Lima");
    expect(answer.usage_metadata).toMatchObject({
      input_tokens: expect.any(Number),
      output_tokens: expect.any(Number),
    });
  });

  test("streams, with usage at the end", async () => {
    let whole: AIMessageChunk | undefined;
    let parts = 0;
    for await (const chunk of await chat().stream(PERU)) {
      whole = whole?.concat(chunk) ?? chunk;
      parts += 1;
    }
    expect(parts).toBeGreaterThan(2);
    expect(whole!.text).toBe(LIMA);
    expect(whole!.usage_metadata).toMatchObject({ input_tokens: 19, output_tokens: 10, total_tokens: 29 });
  });

  test("calls bound tools and takes what they answer, whole and streamed", async () => {
    const asked = [new HumanMessage("Weather in Rome?")];
    const model = chat({ maxTokens: 60 });
    // By the Responses API LangChain sends no choice but that of a function by its name.
    const calling = model.bindTools([weather], { tool_choice: weather.name });
    const called = await calling.invoke(asked);
    const [call] = called.tool_calls!;
    expect(call).toMatchObject({ name: "get_weather", args: { city: expect.any(String) } });
    const result: ToolMessage = await weather.invoke(call!);
    expect(result.content).toBe(`It is sunny in ${call!.args.city}.`);
    const told = await model.invoke([...asked, called, result]);
    expect(told.tool_calls).toEqual([]);
    expect(told.text).not.toBe("");

    let streamed: AIMessageChunk | undefined;
    for await (const chunk of await calling.stream(asked)) streamed = streamed?.concat(chunk) ?? chunk;
    expect(streamed!.tool_calls).toMatchObject([{ name: "get_weather", args: call!.args }]);
  });

  test.each(["jsonSchema", "functionCalling", "jsonMode"] as const)("is held to a structure by %s", async (method) => {
    const structured = chat({ maxTokens: 120 }).withStructuredOutput(method === "jsonMode" ? z.looseObject({}) : city, {
      method,
      name: "city",
    });
    const found = await structured.invoke("Name a city as JSON.");
    if (method === "jsonMode") expect(found).toBeTypeOf("object");
    else expect(city.parse(found)).toEqual(found);
  });

  test("knows a context that is too long", async () => {
    await expect(chat().invoke("word ".repeat(20_000))).rejects.toMatchObject({ name: "ContextOverflowError" });
  });
});

test("LangChain's OpenAI class gets log-probabilities and several answers", async () => {
  const chat = new ChatOpenAI({
    ...{ model: "lapidary-demo", apiKey: server.key, configuration: { baseURL: `${server.url}/v1` } },
    ...{ temperature: 0, maxRetries: 0, n: 2, logprobs: true, topLogprobs: 2 },
  });
  const { generations } = await chat.generate([[new HumanMessage(PERU)]]);
  expect(generations[0]!.map(({ text }) => text)).toEqual([LIMA, LIMA]);
  const { message } = generations[0]![0] as unknown as { message: AIMessageChunk };
  expect(message.response_metadata.logprobs).toMatchObject({ content: expect.any(Array) });
});
