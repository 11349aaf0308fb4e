import { Ajv2020 } from "ajv/dist/2020.js";
import type OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ANSWER_SCHEMAS } from "./answer-schemas.ts";
import { type LocalServer, startLocalServer } from "./local-server.ts";

const MODEL = "lapidary-demo";
const QUESTIONS = ["What is the capital of Peru?", "Tell me a story about a dog.", "What is 7 + 8?"];
const CHOICES = 10;
const MAX_TOKENS = 200;
/** Of 300 answers while other tests keep the machine busy. */
const TIME_LIMIT_MS = 900_000;

let server: LocalServer;
beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(() => server?.[Symbol.asyncDispose]());

const tools: OpenAI.ChatCompletionTool[] = [
  {
    type: "function",
    function: {
      name: "get_weather",
      strict: true,
      parameters: {
        type: "object",
        properties: { city: { type: "string", maxLength: 12 }, unit: { enum: ["C", "F"] } },
        required: ["city", "unit"],
        additionalProperties: false,
      },
    },
  },
];

describe("the official openai client", () => {
  test(
    "gets 300 answers to 30 schemas at temperature 1: all valid, none cut",
    async () => {
      const ajv = new Ajv2020({ strict: false, validateFormats: false });
      expect(ANSWER_SCHEMAS).toHaveLength(30);
      for (const [index, schema] of ANSWER_SCHEMAS.entries()) {
        const answer = await server.client.chat.completions.create({
          model: MODEL,
          messages: [{ role: "user", content: QUESTIONS[index % QUESTIONS.length]! }],
          temperature: 1,
          top_p: 1,
          seed: index,
          n: CHOICES,
          max_tokens: MAX_TOKENS,
          response_format: { type: "json_schema", json_schema: { name: `s${index}`, schema: schema as never } },
        });
        expect(answer.choices).toHaveLength(CHOICES);
        const validate = ajv.compile(schema);
        for (const { message, finish_reason } of answer.choices) {
          const shown = `${JSON.stringify(schema)}: ${message.content}`;
          expect(finish_reason, shown).toBe("stop");
          expect(validate(JSON.parse(message.content!)), shown).toBe(true);
        }
      }
    },
    TIME_LIMIT_MS,
  );

  test("parses a schema's answer by itself", async () => {
    const parsed = await server.client.chat.completions.parse({
      model: MODEL,
      messages: [{ role: "user", content: "What is 7 + 8?" }],
      max_tokens: MAX_TOKENS,
      response_format: {
        type: "json_schema",
        json_schema: {
          name: "sum",
          strict: true,
          schema: {
            type: "object",
            properties: { sum: { type: "integer" } },
            required: ["sum"],
            additionalProperties: false,
          },
        },
      },
    });
    expect(parsed.choices[0]!.finish_reason).toBe("stop");
    expect(JSON.parse(parsed.choices[0]!.message.content!).sum).toBeTypeOf("number");
  });

  test("runs a loop of tools: calls, results, and an answer in words", async () => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "Sun in Rome?" }];
    const first = server.client.chat.completions.stream({
      ...{ model: MODEL, messages, tools, seed: 1, temperature: 1, max_tokens: 100 },
      tool_choice: "required",
      parallel_tool_calls: false,
    });
    const { choices } = await first.finalChatCompletion();
    expect(choices[0]!.finish_reason).toBe("tool_calls");
    const [call] = choices[0]!.message.tool_calls!;
    if (call?.type !== "function") throw new Error("expected a function's call");
    expect(call.function.name).toBe("get_weather");
    const { city, unit } = JSON.parse(call.function.arguments) as { city: string; unit: string };
    expect(city).toBeTypeOf("string");
    expect(["C", "F"]).toContain(unit);
    const second = await server.client.chat.completions.create({
      ...{ model: MODEL, tools, tool_choice: "auto", temperature: 0, max_tokens: 20 },
      messages: [...messages, choices[0]!.message, { role: "tool", tool_call_id: call.id, content: "sunny" }],
    });
    expect(second.choices[0]!.message.role).toBe("assistant");
  });
});
