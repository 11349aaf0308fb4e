import { expect, test } from "vitest";
import { errorOf, newCaller, question } from "./caller.ts";

const CHAT = "/v1/chat/completions";
/** Few tokens: these tests are about what is let in. */
const short = (fields: object = {}) => question("What is 7 + 8?", { max_tokens: 2, ...fields });

test("200 concurrent chats against 50 a minute: exactly 50 answered, 150 told when to come again", async () => {
  const caller = await newCaller({ requestsPerMinute: 50, concurrency: 1000 });
  const responses = await Promise.all(Array.from({ length: 200 }, () => caller.post(CHAT, short({ max_tokens: 1 }))));
  const statuses = responses.map(({ status }) => status);
  await Promise.all(responses.map((response) => response.body?.cancel()));
  expect(statuses.filter((status) => status === 429)).toHaveLength(150);
  expect(statuses.filter((status) => status === 200)).toHaveLength(50);
});

test("a refusal carries OpenAI's body and every header", async () => {
  const caller = await newCaller({ requestsPerMinute: 1, tokensPerMinute: 5000 });
  const admitted = await caller.post(CHAT, short());
  expect(Object.fromEntries(admitted.headers)).toMatchObject({
    "x-ratelimit-limit-requests": "1",
    "x-ratelimit-remaining-requests": "0",
    "x-ratelimit-reset-requests": "1m0s",
    "x-ratelimit-limit-tokens": "5000",
    "x-ratelimit-reset-tokens": "1m0s",
  });
  await admitted.text();

  const refused = await caller.post(CHAT, short());
  const waitMs = Number(refused.headers.get("retry-after-ms"));
  expect(waitMs).toBeGreaterThan(50_000);
  expect(waitMs).toBeLessThanOrEqual(60_000);
  expect(refused.headers.get("retry-after")).toBe(String(Math.ceil(waitMs / 1000)));
  expect(refused.headers.get("x-ratelimit-remaining-requests")).toBe("0");
  expect(await errorOf(refused)).toMatchObject({
    status: 429,
    code: "rate_limit_exceeded",
    type: "requests",
    message: expect.stringMatching(
      /^Rate limit reached: 1 requests per minute, 0 left\. Please try again in [\d.ms]+\.$/,
    ),
  });
});

test("tokens a minute are reserved in full and given back when the answer was shorter", async () => {
  const caller = await newCaller({ tokensPerMinute: 100 });
  const remaining = async (response: Response) => Number(response.headers.get("x-ratelimit-remaining-tokens"));
  const first = await caller.post(CHAT, short({ max_tokens: 60 }));
  const reserved = await remaining(first);
  const { usage } = await first.json<{ usage: { total_tokens: number } }>();
  expect(usage.total_tokens).toBeLessThan(100 - reserved);
  const second = await caller.post(CHAT, short({ max_tokens: 1 }));
  await second.body?.cancel();
  expect(second.status).toBe(200);
  expect(await remaining(second)).toBe(100 - usage.total_tokens - (100 - reserved - 60) - 1);
});

test("what could never fit a minute is a 400, not a wait", async () => {
  const caller = await newCaller({ tokensPerMinute: 100, maxOutputTokens: 90 });
  expect(await errorOf(await caller.post(CHAT, short({ max_tokens: 89 })))).toMatchObject({
    status: 400,
    code: "request_exceeds_limit",
  });
  expect(await errorOf(await caller.post(CHAT, short({ max_tokens: 91 })))).toMatchObject({
    status: 400,
    param: "max_tokens",
  });
});

test("a day's tokens are a quota: no waiting of an SDK helps", async () => {
  const caller = await newCaller({ tokensPerDay: 40 });
  const first = await caller.post(CHAT, short({ max_tokens: 5 }));
  expect(first.headers.get("ratelimit-policy")).toContain('"day";q=40;qu="tokens";w=86400');
  const { usage } = await first.json<{ usage: { total_tokens: number } }>();
  const refused = await caller.post(CHAT, short({ max_tokens: 19 }));
  expect(refused.headers.get("x-should-retry")).toBe("false");
  const left = 40 - usage.total_tokens;
  expect(await errorOf(refused)).toMatchObject({
    status: 429,
    code: "insufficient_quota",
    type: "insufficient_quota",
    message: expect.stringMatching(`^You exceeded your current quota: 40 tokens per day \\(UTC\\), ${left} left\\.`),
  });
});

test("a context of the tenant's own is one that LangChain understands", async () => {
  const caller = await newCaller({ maxContextTokens: 20 });
  expect(await errorOf(await caller.post(CHAT, short({ max_tokens: 10 })))).toMatchObject({
    status: 400,
    code: "context_length_exceeded",
  });
});
