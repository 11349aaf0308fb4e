import OpenAI from "openai";
import { expect, test } from "vitest";
import { type Caller, newCaller, request } from "./caller.ts";
import { accountOf, endless, leaveAfter, untilSettled, WHOLE } from "./kept-answers.ts";

const limits = { concurrency: 1, requestsPerMinute: 1000, tokensPerMinute: 10_000 };

/** The official client; `lose` may throw an answer away, as a broken connection does. */
function clientOf(caller: Caller, lose: (response: Response, attempt: number) => Promise<void>): OpenAI {
  let attempt = 0;
  const fetchOnce = async (url: string | URL | Request, init?: RequestInit) => {
    const { pathname } = new URL(String(url));
    const response = await request(pathname, init);
    await lose(response, attempt++);
    return response;
  };
  return new OpenAI({
    baseURL: "https://lapidary.test/v1",
    apiKey: caller.key,
    maxRetries: 2,
    fetch: fetchOnce,
    dangerouslyAllowBrowser: true,
  });
}

// The client's own option of this name is not sent.
const named = (name: string) => ({ headers: { "idempotency-key": name } });

const broken = (): never => {
  throw new TypeError("the connection broke");
};

const text = async (stream: AsyncIterable<OpenAI.Completion>) => {
  let all = "";
  for await (const chunk of stream) all += chunk.choices[0]?.text ?? "";
  return all;
};

test("the openai client's retry with its Idempotency-Key gets the answer that it lost, charged once", async () => {
  const caller = await newCaller(limits);
  const ids: (string | null)[] = [];
  const client = clientOf(caller, async (response, attempt) => {
    ids.push(response.headers.get("x-generation-id"));
    if (attempt > 0) return;
    await response.body!.cancel();
    broken();
  });
  const answer = await client.completions.create(endless, named(crypto.randomUUID()));
  expect(answer.usage).toMatchObject({ completion_tokens: endless.max_tokens });
  expect(ids).toEqual([answer.id, answer.id]);
  expect(await untilSettled(caller)).toEqual(WHOLE);
});

test("a stream that the openai client lost before it began to read comes whole at its retry", async () => {
  const caller = await newCaller(limits);
  const client = clientOf(caller, async (response, attempt) => {
    if (attempt > 0) return;
    await leaveAfter(response, 20);
    broken();
  });
  const name = crypto.randomUUID();
  const lost = await text(await client.completions.create({ ...endless, stream: true }, named(name)));
  const whole = clientOf(await newCaller(limits), async () => {});
  expect(lost).toBe(await text(await whole.completions.create({ ...endless, stream: true })));
  expect(await accountOf(caller)).toEqual(WHOLE);
});

test("the openai client reads streams whose events have ids, and does not repeat a name that is taken", async () => {
  const caller = await newCaller(limits);
  let requests = 0;
  const client = clientOf(caller, async () => void requests++);
  const options = named(crypto.randomUUID());
  const chat = {
    model: endless.model,
    messages: [{ role: "user" as const, content: "What is 7 + 8?" }],
    temperature: 0,
  };
  let answer = "";
  for await (const chunk of await client.chat.completions.create({ ...chat, stream: true }, options))
    answer += chunk.choices[0]?.delta.content ?? "";
  expect(answer).toBe("7 + 8 = 15.");
  await expect(client.chat.completions.create(chat, options)).rejects.toBeInstanceOf(OpenAI.UnprocessableEntityError);
  expect(requests).toBe(2);
});
