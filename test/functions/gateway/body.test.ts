import { expect, test } from "vitest";
import { errorOf, newCaller, question } from "./caller.ts";

const CHAT = "/v1/chat/completions";
const MEGABYTE = 1024 * 1024;

test.each([
  ["that is not JSON", "{", 400, "invalid_json"],
  ["that is a list", "[]", 400, "invalid_json"],
  ["that is empty", "", 400, "invalid_json"],
  ["nested without end", "[".repeat(100_000), 400, "invalid_json"],
  ["over 1 MB", JSON.stringify(question("x".repeat(MEGABYTE))), 413, "request_too_large"],
  ["with a key that is none", '{"__proto__": {"model": "x"}}', 400, "unknown_parameter"],
])("a body %s is refused", async (_, body, status, code) => {
  const caller = await newCaller();
  expect(await errorOf(await caller.post(CHAT, body))).toMatchObject({ status, code });
});

test("a body over 1 MB whose length was not told is refused", async () => {
  const caller = await newCaller();
  const chunk = new TextEncoder().encode(" ".repeat(64 * 1024));
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent++ < 40) controller.enqueue(chunk);
      else controller.close();
    },
  });
  const headers = { authorization: `Bearer ${caller.key}` };
  expect(await errorOf(await caller.post(CHAT, "", { body, headers }))).toMatchObject({ status: 413 });
});

test("a body that is not UTF-8 is refused", async () => {
  const caller = await newCaller();
  const body = new Uint8Array([0x22, 0xff, 0x22]);
  expect(await errorOf(await caller.post(CHAT, "", { body }))).toMatchObject({ status: 400, code: "invalid_body" });
});

test("brackets inside text are not depth", async () => {
  const caller = await newCaller();
  const response = await caller.post(CHAT, question(`\\"${"[{".repeat(40)}`, { logprobs: 1 }));
  expect(await errorOf(response)).toMatchObject({ status: 400, param: "logprobs" });
});
