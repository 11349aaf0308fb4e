import type OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "./local-server.ts";

const MODEL = "lapidary-demo";
const PERU = "What is the capital of Peru?";

let server: LocalServer;
beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(() => server?.[Symbol.asyncDispose]());

const ask = (fields: Partial<OpenAI.Responses.ResponseCreateParamsNonStreaming> = {}) =>
  server.client.responses.create({ model: MODEL, input: PERU, temperature: 0, ...fields });

const weather: OpenAI.Responses.FunctionTool = {
  type: "function",
  name: "get_weather",
  description: "Weather",
  strict: true,
  parameters: {
    type: "object",
    properties: { city: { type: "string", maxLength: 10 } },
    required: ["city"],
    additionalProperties: false,
  },
};

describe("the official client's responses", () => {
  test("answer as chats do", async () => {
    const response = await ask();
    expect(response.output_text).toBe("The capital of Peru is Lima.");
    expect(response).toMatchObject({ object: "response", status: "completed", error: null, store: true });
    const { usage } = response;
    expect(usage!.total_tokens).toBe(usage!.input_tokens + usage!.output_tokens);
  });

  test("stream their text, and end with the whole response", async () => {
    const stream = server.client.responses.stream({ model: MODEL, input: PERU, temperature: 0 });
    const types: string[] = [];
    const numbers: number[] = [];
    let text = "";
    for await (const event of stream) {
      types.push(event.type);
      numbers.push(event.sequence_number);
      if (event.type === "response.output_text.delta") text += event.delta;
    }
    expect(text).toBe("The capital of Peru is Lima.");
    expect(numbers).toEqual(numbers.map((_, index) => index));
    expect(types.filter((type) => type !== "response.output_text.delta")).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    expect((await stream.finalResponse()).output_text).toBe(text);
  });

  test("go on from a response before: the prompt is the whole conversation", async () => {
    const first = await ask({ instructions: "Be brief." });
    const second = await ask({ previous_response_id: first.id, input: "And of France?" });
    expect(second.previous_response_id).toBe(first.id);
    const whole = await ask({
      input: [
        { role: "user", content: PERU },
        { role: "assistant", content: first.output_text },
        { role: "user", content: "And of France?" },
      ],
    });
    expect(second.usage!.input_tokens).toBe(whole.usage!.input_tokens);
    expect(second.output_text).toBe(whole.output_text);
  });

  test("know items by reference, as the AI SDK sends them", async () => {
    const first = await ask();
    const referred = await ask({
      input: [
        { role: "user", content: PERU },
        { type: "item_reference", id: first.output[0]!.id! },
        { role: "user", content: "And of France?" },
      ],
    });
    expect(referred.output_text).toBe(
      (await ask({ previous_response_id: first.id, input: "And of France?" })).output_text,
    );
  });

  test("call functions, and take what they answer: a loop of two turns", async () => {
    const first = await ask({
      input: "Weather in Rome?",
      tools: [weather],
      tool_choice: "required",
      max_output_tokens: 60,
    });
    const [call] = first.output;
    if (call?.type !== "function_call") throw new Error("no function was called");
    expect(call.name).toBe("get_weather");
    expect(Object.keys(JSON.parse(call.arguments))).toEqual(["city"]);
    const second = await ask({
      previous_response_id: first.id,
      tools: [weather],
      tool_choice: "none",
      input: [{ type: "function_call_output", call_id: call.call_id, output: "sunny" }],
    });
    expect(second.output[0]).toMatchObject({ type: "message", status: "completed" });
  });

  test("are taken back as a parsing client hands them on, its notes among them", async () => {
    const asked = { model: MODEL, temperature: 0, max_output_tokens: 60 };
    const question = { role: "user" as const, content: "Weather in Rome?" };
    const tool = { ...weather, parameters: weather.parameters };
    const called = await server.client.responses.parse({
      ...{ ...asked, tools: [tool], tool_choice: "required", input: [question] },
    });
    const [call] = called.output;
    if (call?.type !== "function_call") throw new Error("no function was called");
    expect(call).toHaveProperty("parsed_arguments.city");
    const output = { type: "function_call_output" as const, call_id: call.call_id, output: "sunny" };
    const told = await server.client.responses.parse({ ...asked, input: [question, call, output] });
    expect(told.output[0]).toHaveProperty("content[0].parsed");
    const last = await server.client.responses.create({
      ...{ ...asked, input: [question, call, output, ...(told.output as OpenAI.Responses.ResponseInput), question] },
    });
    expect(last.output_text).not.toBe("");
  });

  test("stream calls", async () => {
    const stream = server.client.responses.stream({
      ...{ model: MODEL, temperature: 0, input: "Weather in Rome?", max_output_tokens: 60 },
      ...{ tools: [weather], tool_choice: "required" },
    });
    let json = "";
    for await (const event of stream) if (event.type === "response.function_call_arguments.delta") json += event.delta;
    const [call] = (await stream.finalResponse()).output;
    expect(call).toMatchObject({ type: "function_call", name: "get_weather", arguments: json, status: "completed" });
  });

  test("are held to a JSON schema", async () => {
    const schema = { ...weather.parameters, properties: { city: { type: "string", maxLength: 8 } } };
    const response = await ask({
      input: "Name a city as JSON.",
      max_output_tokens: 60,
      text: { format: { type: "json_schema", name: "city", strict: true, schema } },
    });
    expect(Object.keys(JSON.parse(response.output_text))).toEqual(["city"]);
  });

  test("that are cut say so", async () => {
    const response = await ask({ max_output_tokens: 2 });
    expect(response).toMatchObject({ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } });
    expect(response.output[0]).toMatchObject({ status: "incomplete" });
  });

  test("are kept, listed and deleted", async () => {
    const { id, output_text } = await ask();
    expect((await server.client.responses.retrieve(id)).output_text).toBe(output_text);
    const items = await server.client.responses.inputItems.list(id);
    expect(items.data).toMatchObject([{ role: "user", content: PERU }]);
    await server.client.responses.delete(id);
    await expect(server.client.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
  });

  test("are not kept where the request says so", async () => {
    const { id } = await ask({ store: false });
    await expect(ask({ previous_response_id: id })).rejects.toMatchObject({
      status: 404,
      param: "previous_response_id",
    });
  });
});
