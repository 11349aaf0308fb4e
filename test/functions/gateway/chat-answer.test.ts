import { expect, test } from "vitest";
import { MODEL, newCaller, question } from "./caller.ts";

const CHAT = "/v1/chat/completions";

test("a chat is answered in OpenAI's form with the tokens counted", async () => {
  const caller = await newCaller();
  const response = await caller.post(CHAT, question("What is 7 + 8?"));
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json");
  // Compressed on the way, the heartbeats of a waiting answer would stay in the compressor: a client that left was never noticed.
  expect(response.headers.get("content-encoding")).toBe("identity");
  expect(response.headers.get("cache-control")).toContain("no-transform");
  expect(await response.json()).toEqual({
    id: expect.stringMatching(/^chatcmpl-[0-9a-f]{32}$/),
    object: "chat.completion",
    created: expect.any(Number),
    model: MODEL,
    system_fingerprint: expect.stringMatching(/^fp_/),
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "7 + 8 = 15.", refusal: null, annotations: [] },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    // The end token counts.
    usage: {
      prompt_tokens: 20,
      completion_tokens: 10,
      total_tokens: 30,
      prompt_tokens_details: { cached_tokens: 0 },
    },
  });
});

test("max_tokens cuts the answer and says so", async () => {
  const caller = await newCaller();
  const body = await (await caller.post(CHAT, question("What is 7 + 8?", { max_completion_tokens: 3 }))).json();
  expect(body).toMatchObject({ choices: [{ finish_reason: "length" }], usage: { completion_tokens: 3 } });
});

test("a stop string ends the answer before itself", async () => {
  const caller = await newCaller();
  const body = await (await caller.post(CHAT, question("What is 7 + 8?", { stop: [" ="] }))).json();
  expect(body).toMatchObject({ choices: [{ message: { content: "7 + 8" }, finish_reason: "stop" }] });
});

test("fields that change nothing change nothing", async () => {
  const caller = await newCaller();
  const neutral = {
    n: 1,
    tools: [],
    stop: [],
    logit_bias: {},
    service_tier: "auto",
    parallel_tool_calls: true,
    response_format: { type: "text" },
    modalities: ["text"],
    reasoning_effort: "none",
    verbosity: "medium",
    store: false,
    user: "u",
    metadata: { a: "b" },
    top_p: null,
    max_tokens: null,
    stream_options: null,
    frequency_penalty: 0,
    presence_penalty: 0,
    logprobs: false,
    seed: null,
  };
  const body = await (await caller.post(CHAT, question("What is 7 + 8?", neutral))).json();
  expect(body).toMatchObject({ choices: [{ message: { content: "7 + 8 = 15." } }] });
});

test("an answer sent back as it came, and text in parts, are understood", async () => {
  const caller = await newCaller();
  const first = await (await caller.post(CHAT, question("What is 7 + 8?"))).json<{ choices: { message: object }[] }>();
  const messages = [
    { role: "developer", content: "Answer in one sentence." },
    {
      role: "user",
      content: [
        { type: "text", text: "What is " },
        { type: "text", text: "7 + 8?" },
      ],
    },
    // Clients keep notes of their own beside it.
    { ...first.choices[0]!.message, parsed: null, name: "lucy", reasoning_content: "" },
    { role: "user", content: "What is the capital of Peru?" },
  ];
  const response = await caller.post(CHAT, question("", { messages }));
  expect(response.status).toBe(200);
  await response.text();
});

test("top_p 0 is greedy, whatever the temperature and seed", async () => {
  const caller = await newCaller();
  const body = await (
    await caller.post(CHAT, question("What is 7 + 8?", { temperature: 2, top_p: 0, seed: 5 }))
  ).json();
  expect(body).toMatchObject({ choices: [{ message: { content: "7 + 8 = 15." } }] });
});
