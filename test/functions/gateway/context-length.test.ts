import { expect, test } from "vitest";
import { errorOf, MODEL, newCaller, question } from "./caller.ts";

/** Of the bundled model. */
const CONTEXT_TOKENS = 512;

test("a prompt that does not fit is a 400 with both numbers", async () => {
  const caller = await newCaller();
  const error = await errorOf(await caller.post("/v1/completions", { model: MODEL, prompt: Array(600).fill(5) }));
  expect(error).toMatchObject({ status: 400, code: "context_length_exceeded", param: "prompt" });
  expect(error.message).toContain(String(CONTEXT_TOKENS));
  expect(error.message).toContain("600");
});

test("a chat that does not fit names its messages", async () => {
  const caller = await newCaller();
  const error = await errorOf(await caller.post("/v1/chat/completions", question("many words ".repeat(500))));
  expect(error).toMatchObject({ status: 400, code: "context_length_exceeded", param: "messages" });
});

test("an explicit max_tokens beyond the room is a 400; left out, it is the room", async () => {
  const caller = await newCaller();
  const prompt = Array(CONTEXT_TOKENS - 3).fill(5);
  const error = await errorOf(await caller.post("/v1/completions", { model: MODEL, prompt, max_tokens: 4 }));
  expect(error).toMatchObject({ status: 400, code: "context_length_exceeded", param: "max_tokens" });
  const response = await caller.post("/v1/completions", { model: MODEL, prompt, temperature: 0 });
  const limit = Number(response.headers.get("x-ratelimit-limit-tokens"));
  expect(limit - Number(response.headers.get("x-ratelimit-remaining-tokens"))).toBe(CONTEXT_TOKENS);
  await response.text();
});
