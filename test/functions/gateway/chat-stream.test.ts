import { expect, test } from "vitest";
import { newCaller, question } from "./caller.ts";
import { chunksOf } from "./server-sent-events.ts";

const CHAT = "/v1/chat/completions";

test("a stream opens with the role, ends with the reason, and every chunk has one head", async () => {
  const caller = await newCaller();
  const response = await caller.post(CHAT, question("What is 7 + 8?", { stream: true }));
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  expect(response.headers.get("x-ratelimit-limit-requests")).not.toBeNull();
  const chunks = await chunksOf(response);
  expect(chunks[0]!.choices).toEqual([
    { index: 0, delta: { role: "assistant", content: "", refusal: null }, logprobs: null, finish_reason: null },
  ]);
  expect(chunks.at(-1)!.choices).toEqual([{ index: 0, delta: {}, logprobs: null, finish_reason: "stop" }]);
  expect(chunks.map((chunk) => chunk.choices[0]!.delta.content ?? "").join("")).toBe("7 + 8 = 15.");
  expect(chunks.length).toBeGreaterThan(4);
  const heads = new Set(
    chunks.map(({ id, object, created, model, system_fingerprint }) =>
      JSON.stringify([id, object, created, model, system_fingerprint]),
    ),
  );
  expect(heads.size).toBe(1);
  expect(chunks.every((chunk) => !("usage" in chunk))).toBe(true);
});

test("usage comes last when asked for, and is null before", async () => {
  const caller = await newCaller();
  const fields = { stream: true, stream_options: { include_usage: true, include_obfuscation: false } };
  const chunks = await chunksOf(await caller.post(CHAT, question("What is 7 + 8?", fields)));
  const last = chunks.pop()!;
  expect(last).toMatchObject({ choices: [], usage: { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 } });
  expect(chunks.every((chunk) => chunk.usage === null)).toBe(true);
});

test("a refusal of a streamed request is a real status", async () => {
  const caller = await newCaller();
  const response = await caller.post(CHAT, question("Hi", { stream: true, max_tokens: 4000 }));
  expect(response.status).toBe(400);
  expect(response.headers.get("content-type")).toBe("application/json");
  await response.text();
});
