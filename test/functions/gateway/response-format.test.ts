import { beforeAll, describe, expect, test } from "vitest";
import { type Caller, errorOf, MODEL, newCaller, question } from "./caller.ts";
import { chunksOf } from "./server-sent-events.ts";

const CHAT = "/v1/chat/completions";
const COMPLETIONS = "/v1/completions";

interface Answer {
  choices: { message: { content: string }; text?: string; finish_reason: string }[];
}

let caller: Caller;
beforeAll(async () => {
  caller = await newCaller({ requestsPerMinute: 1000, tokensPerMinute: 1_000_000 });
});

const person = {
  type: "object",
  properties: {
    name: { type: "string", maxLength: 12 },
    age: { type: "integer", minimum: 0, maximum: 120 },
    colours: { type: "array", items: { enum: ["red", "green"] }, minItems: 1, maxItems: 2 },
  },
  required: ["name", "age", "colours"],
  additionalProperties: false,
};
const schemaFormat = (schema: object) => ({ type: "json_schema", json_schema: { name: "answer", schema } });
const sampled = { temperature: 1, seed: 7, max_tokens: 120 };

const answerTo = async (fields: object) =>
  (await caller.post(CHAT, question("Tell me about Lucy.", { ...sampled, ...fields }))).json<Answer>();

describe("an answer with response_format", () => {
  test("json_schema is what the schema says, whole and in a stream", async () => {
    const fields = { response_format: schemaFormat(person) };
    const [choice] = (await answerTo(fields)).choices;
    expect(choice!.finish_reason).toBe("stop");
    const told = JSON.parse(choice!.message.content) as { name: string; age: number; colours: string[] };
    expect(Object.keys(told)).toEqual(["name", "age", "colours"]);
    expect(told.age).toBeLessThanOrEqual(120);
    expect(told.colours.every((colour) => ["red", "green"].includes(colour))).toBe(true);
    const stream = await caller.post(CHAT, question("Tell me about Lucy.", { ...sampled, ...fields, stream: true }));
    const deltas = (await chunksOf(stream)).map(({ choices }) => choices[0]?.delta.content ?? "");
    expect(deltas.join("")).toBe(choice!.message.content);
  });

  test("json_object is an object", async () => {
    const [choice] = (await answerTo({ response_format: { type: "json_object" } })).choices;
    expect(choice!.finish_reason).toBe("stop");
    expect(JSON.parse(choice!.message.content)).toBeTypeOf("object");
  });

  test("regex and choice are those texts", async () => {
    const [number] = (await answerTo({ response_format: { type: "regex", pattern: "^\\d{3}-[a-f]+$" } })).choices;
    expect(number!.message.content).toMatch(/^\d{3}-[a-f]+$/);
    const choices = ["yes", "no", "perhaps"];
    const [chosen] = (await answerTo({ response_format: { type: "choice", choices } })).choices;
    expect(choices).toContain(chosen!.message.content);
  });

  test("is drawn in completions too, and for every choice by itself", async () => {
    const response = await caller.post(COMPLETIONS, {
      model: MODEL,
      prompt: "Once",
      n: 3,
      ...sampled,
      response_format: schemaFormat({ type: "array", items: { type: "boolean" }, minItems: 2 }),
    });
    const { choices } = await response.json<Answer>();
    expect(choices.map(({ text }) => JSON.parse(text!).length >= 2)).toEqual([true, true, true]);
  });

  test("is cut only where its tokens could never suffice", async () => {
    const answer = await caller.post(
      CHAT,
      question("Tell me about Lucy.", { response_format: { type: "json_object" }, max_tokens: 3 }),
    );
    expect((await answer.json<Answer>()).choices[0]).toMatchObject({ finish_reason: "stop" });
    const error = await errorOf(
      await caller.post(CHAT, question("Hi", { response_format: schemaFormat(person), max_tokens: 9 })),
    );
    expect(error).toMatchObject({ status: 400, code: "invalid_value", param: "max_tokens" });
  });
});

describe("refused, by name,", () => {
  test.each([
    [{ stop: ["x"] }, "stop"],
    [{ min_tokens: 2 }, "min_tokens"],
    [{ ignore_eos: true }, "ignore_eos"],
  ])("%j beside a form", async (fields, param) => {
    const asked = question("Hi", { response_format: { type: "json_object" }, ...fields });
    expect(await errorOf(await caller.post(CHAT, asked))).toMatchObject({ status: 400, code: "invalid_value", param });
  });

  const SCHEMA = "response_format.json_schema.schema";
  test.each([
    [{ type: "object", properties: { a: { not: {} } } }, `${SCHEMA}.properties.a.not`],
    [{ type: "string", pattern: "(?=a)" }, `${SCHEMA}.pattern`],
    [{ type: "string", format: "color" }, `${SCHEMA}.format`],
    [{ $ref: "#/$defs/missing" }, `${SCHEMA}.$ref`],
    [{ type: "text" }, `${SCHEMA}.type`],
    [{ anyOf: [{ enum: [] }] }, SCHEMA],
    [
      { $ref: "#/$defs/a", $defs: { a: { type: "object", properties: { a: { $ref: "#" } }, required: ["a"] } } },
      SCHEMA,
    ],
  ])("the schema %j", async (schema, param) => {
    const error = await errorOf(await caller.post(CHAT, question("Hi", { response_format: schemaFormat(schema) })));
    expect(error).toMatchObject({ status: 400, code: "invalid_schema", param });
  });

  test("a schema with an integer that no client keeps exact", async () => {
    const body = JSON.stringify(question("Hi", { response_format: schemaFormat({ const: 0 }) }));
    const error = await errorOf(await caller.post(CHAT, body.replace('"const":0', '"const":9007199254740993')));
    expect(error).toMatchObject({ status: 400, code: "invalid_schema", param: SCHEMA });
  });
});
