import { createOpenAI } from "@ai-sdk/openai";
import { ChatOpenAI } from "@langchain/openai";
import { streamText } from "ai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "./local-server.ts";
import { HOW_TO_GET_OPENAI, openaiThere, runPythonTests } from "./python.ts";

const MODEL = "lapidary-demo";
const PERU = "What is the capital of Peru?";
const STALL_MS = 5000;
/** Prompts enter one after the other, and each of a prompt's frames is under way for six seconds. */
const ANSWERS_LIMIT_MS = 180_000;

let server: LocalServer;
/** All at the same time, since each takes a while. */
let answers: Map<string, Promise<string>>;
beforeAll(async () => {
  // A token takes six messages: to four stages, to the vocabulary and back.
  server = await startLocalServer({ vars: { LAPIDARY_HOP_MS: "1000", LAPIDARY_STAGES: "4" } });
  answers = new Map(Object.entries(ASKING).map(([name, ask]) => [name, ask()]));
  await Promise.allSettled(answers.values());
}, ANSWERS_LIMIT_MS);
afterAll(() => server?.[Symbol.asyncDispose]());

const chat = {
  ...{ model: MODEL, messages: [{ role: "user" as const, content: PERU }] },
  ...{ temperature: 0, max_tokens: 2 },
};
const ASKING: Readonly<Record<string, () => Promise<string>>> = {
  "the openai client's stream": async () => {
    const stream = await server.client.chat.completions.create({ ...chat, stream: true });
    return await stalled(stream, ({ choices }) => choices[0]?.delta.content ?? "");
  },
  "the openai client's stream whose events have ids": async () => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const stream = await server.client.chat.completions.create({ ...chat, stream: true }, { headers });
    return await stalled(stream, ({ choices }) => choices[0]?.delta.content ?? "");
  },
  "the openai client's Responses stream": async () => {
    const asked = { model: MODEL, input: PERU, temperature: 0, max_output_tokens: 2, stream: true as const };
    const stream = await server.client.responses.create(asked);
    return await stalled(stream, (event) => (event.type === "response.output_text.delta" ? event.delta : ""));
  },
  "the openai client that waits for all": async () =>
    (await server.client.chat.completions.create(chat)).choices[0]!.message.content!,
  "the AI SDK's stream": async () => {
    const model = createOpenAI({ baseURL: `${server.url}/v1`, apiKey: server.key })(MODEL);
    return await stalled(
      streamText({ ...{ model, prompt: PERU, temperature: 0 }, maxOutputTokens: 2 }).textStream,
      String,
    );
  },
  "LangChain's stream": async () => {
    const configuration = { baseURL: `${server.url}/v1` };
    const model = new ChatOpenAI({
      ...{ model: MODEL, temperature: 0, maxTokens: 2 },
      apiKey: server.key,
      configuration,
    });
    return await stalled(await model.stream(PERU), ({ text }) => text);
  },
};

/** The texts of a stream together; throws unless it stood still between two of them. */
async function stalled<Event>(events: AsyncIterable<Event>, textOf: (event: Event) => string): Promise<string> {
  const times: number[] = [];
  let all = "";
  for await (const event of events) {
    const text = textOf(event);
    if (text === "") continue;
    all += text;
    times.push(performance.now());
  }
  const longestMs = Math.max(...times.slice(1).map((at, index) => at - times[index]!));
  if (!(longestMs > STALL_MS)) throw new Error(`never stood still for longer than ${longestMs} ms`);
  return all;
}

describe("an answer that stands still for five seconds between its two tokens comes to", () => {
  test.each(Object.keys(ASKING))("%s", async (name) => {
    expect(await answers.get(name)).toBe("The capital");
  });

  test.skipIf(!openaiThere)(`the PyPI openai client (${HOW_TO_GET_OPENAI})`, async () => {
    const env = { OPENAI_BASE_URL: `${server.url}/v1`, OPENAI_API_KEY: server.key };
    await expect(runPythonTests("Stalls", env)).resolves.toBeUndefined();
  });
});
