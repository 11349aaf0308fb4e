import { beforeAll, describe, expect, test } from "vitest";
import { type Caller, errorOf, newCaller, question } from "./caller.ts";
import { chunksOf } from "./server-sent-events.ts";

const CHAT = "/v1/chat/completions";

const weather = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Weather",
    parameters: {
      type: "object",
      properties: { city: { type: "string", maxLength: 10 }, days: { type: "integer", minimum: 1, maximum: 7 } },
      required: ["city", "days"],
      additionalProperties: false,
    },
  },
};
const clock = { type: "function", function: { name: "clock" } };

interface Call {
  index?: number;
  id?: string;
  type?: string;
  function: { name?: string; arguments: string };
}
interface Answer {
  choices: { message: { content: string | null; tool_calls?: Call[] }; finish_reason: string }[];
}

let caller: Caller;
beforeAll(async () => {
  caller = await newCaller({ requestsPerMinute: 1000, tokensPerMinute: 1_000_000 });
});

const sampled = { temperature: 1, seed: 3, max_tokens: 100 };
const asked = (fields: object) => question("Sun in Rome?", { ...sampled, tools: [weather, clock], ...fields });
const answerTo = async (fields: object) => {
  const response = await caller.post(CHAT, asked(fields));
  expect(response.status).toBe(200);
  return (await response.json<Answer>()).choices[0]!;
};

describe("a chat with tools", () => {
  test("calls the function that it must", async () => {
    const { message, finish_reason } = await answerTo({
      tool_choice: { type: "function", function: { name: "get_weather" } },
    });
    expect(finish_reason).toBe("tool_calls");
    expect(message).toMatchObject({ content: null, tool_calls: [{ type: "function", id: expect.any(String) }] });
    const [call] = message.tool_calls!;
    expect(call!.function.name).toBe("get_weather");
    const parameters = JSON.parse(call!.function.arguments) as { city: string; days: number };
    expect(Object.keys(parameters)).toEqual(["city", "days"]);
    expect(parameters.days).toBeGreaterThanOrEqual(1);
  });

  test("calls one function or several where it is required, all with distinct ids", async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { message, finish_reason } = await answerTo({ tool_choice: "required", seed });
      expect(finish_reason).toBe("tool_calls");
      const ids = message.tool_calls!.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const call of message.tool_calls!) {
        expect(["get_weather", "clock"]).toContain(call.function.name);
        expect(JSON.parse(call.function.arguments)).toBeTypeOf("object");
      }
      const one = await answerTo({ tool_choice: "required", seed, parallel_tool_calls: false });
      expect(one.message.tool_calls).toHaveLength(1);
    }
  });

  test("streams the same calls in parts that begin with index, id, type and name", async () => {
    const fields = { tool_choice: "required", seed: 4 };
    const whole = (await answerTo(fields)).message.tool_calls!;
    const chunks = await chunksOf(await caller.post(CHAT, asked({ ...fields, stream: true })));
    const joined: Call[] = [];
    for (const { choices } of chunks)
      for (const part of (choices[0]!.delta as { tool_calls?: Call[] }).tool_calls ?? []) {
        const call = joined[part.index!];
        if (call) call.function.arguments += part.function.arguments;
        else joined.push({ id: part.id!, type: part.type!, function: part.function });
      }
    expect(joined).toEqual(whole.map((call) => ({ ...call, id: expect.any(String) })));
    expect(chunks.at(-1)!.choices[0]!.finish_reason).toBe("tool_calls");
  });

  test("says text where it calls none", async () => {
    const { message, finish_reason } = await answerTo({ temperature: 0, max_tokens: 30 });
    // The demo model knows nothing of functions.
    expect(message.content).toBeTypeOf("string");
    expect(message.content!.startsWith("{")).toBe(false);
    expect(finish_reason).not.toBe("tool_calls");
  });

  test("is as without tools when none may be called", async () => {
    const plain = await (await caller.post(CHAT, question("What is 7 + 8?"))).json<Answer>();
    const none = { tools: [weather], tool_choice: "none" };
    const answer = await (await caller.post(CHAT, question("What is 7 + 8?", none))).json<Answer>();
    expect(answer.choices).toEqual(plain.choices);
  });

  test("takes calls and what they answered back", async () => {
    const { message } = await answerTo({ tool_choice: "required", seed: 4 });
    const results = message.tool_calls!.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "sunny" }));
    const messages = [{ role: "user", content: "Sun in Rome?" }, message, ...results];
    const response = await caller.post(CHAT, asked({ messages, max_tokens: 8 }));
    expect(response.status).toBe(200);
    await response.text();
  });

  test("refuses parameters that it cannot hold to, by name", async () => {
    const broken = { type: "function", function: { name: "f", parameters: { type: "object", patternProperties: {} } } };
    const error = await errorOf(await caller.post(CHAT, question("Hi", { tools: [clock, broken] })));
    expect(error).toMatchObject({
      status: 400,
      code: "invalid_schema",
      param: "tools[1].function.parameters.patternProperties",
    });
  });
});
