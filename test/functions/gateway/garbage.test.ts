import { expect, test } from "vitest";
import { errorReply } from "../../../functions/openapi/generation-replies.ts";
import { OPERATIONS } from "../../../functions/openapi/operations.ts";
import { ADMIN_KEY, MODEL, newCaller, question, request } from "./caller.ts";

const MEGABYTE = 1024 * 1024;
const CHAT = "/v1/chat/completions";
const caller = await newCaller({ requestsPerMinute: 100_000, tokensPerMinute: 100_000_000, concurrency: 1_000 });
const writes = OPERATIONS.filter(({ body }) => body !== undefined);

function send(path: string, method: string, key: string, body: BodyInit): Promise<Response> {
  const filled = path.replace("{tenant}", caller.tenant).replace("{key}", "key_0");
  return request(filled, { method: method.toUpperCase(), headers: { authorization: `Bearer ${key}` }, body });
}

/** A refusal that a client understands; never a failure of ours. */
async function expectRefusal(response: Response) {
  expect(response.status).toBeGreaterThanOrEqual(400);
  expect(response.status).toBeLessThan(500);
  expect(errorReply.safeParse(await response.json()).error).toBeUndefined();
}

const randomBytes = (bytes: number) => {
  const garbage = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(garbage.subarray(at, at + 65_536));
  return garbage;
};

const BODIES: [string, () => BodyInit][] = [
  ["a megabyte of chance", () => randomBytes(MEGABYTE)],
  ["a megabyte of brackets", () => "[".repeat(MEGABYTE)],
  ["a megabyte of objects in each other", () => '{"a":'.repeat(MEGABYTE / 5)],
  ["a megabyte of one number", () => `{"seed": ${"9".repeat(MEGABYTE - 100)}}`],
  ["a megabyte of one name", () => `{"${"n".repeat(MEGABYTE - 100)}": 1}`],
  ["200,000 names", () => `{${Array.from({ length: 100_000 }, (_, n) => `"n${n}":0`).join(",")}}`],
  ["more than a megabyte", () => " ".repeat(MEGABYTE + 1)],
  ["NUL characters", () => "\0".repeat(1000)],
  ["half an escape", () => '{"model": "\\u12'],
  ["two values", () => "{} {}"],
  ["a list", () => "[{}]"],
  ["null", () => "null"],
];

for (const { method, path, security } of writes) {
  test.each(BODIES)(`${method} ${path} refuses %s`, async (_, body) => {
    await expectRefusal(await send(path, method, security === "admin" ? ADMIN_KEY : caller.key, body()));
  });
}

/** As JSON text, since JSON has numbers that JavaScript has not. */
const VALUES = [
  ...["1e400", "-1e400", "1e-400", "-0", "0.1", "9007199254740993", "-1", "1".repeat(400), "true", '""', '"\\ud800"'],
  ...["[]", "{}", "[[[[]]]]", '{"__proto__": {"a": 1}}', `"${"x".repeat(5000)}"`, "[null]", '{"": ""}'],
];

test("no value of any field of a chat breaks the server", async () => {
  const { body } = OPERATIONS.find(({ path }) => path === CHAT)!;
  const { model, messages } = question("Hi");
  const refused: number[] = [];
  for (const field of Object.keys(body!.shape)) {
    const { [field]: _, ...rest } = { model, messages, max_tokens: 1 } as Record<string, unknown>;
    const texts = VALUES.map((value) => `{"${field}":${value},${JSON.stringify(rest).slice(1)}`);
    const responses = await Promise.all(texts.map((text) => send(CHAT, "post", caller.key, text)));
    for (const response of responses) {
      if (response.status !== 200) await expectRefusal(response);
      else await response.text();
      refused.push(response.status);
    }
  }
  expect(refused.filter((status) => status !== 200).length).toBeGreaterThan(refused.length / 2);
  const answer = await send(CHAT, "post", caller.key, JSON.stringify(question("What is 7 + 8?", { max_tokens: 3 })));
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ model: MODEL });
});
