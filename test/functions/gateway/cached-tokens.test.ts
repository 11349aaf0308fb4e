import { expect, test } from "vitest";
import { type Caller, newCaller, question } from "./caller.ts";
import { chunksOf } from "./server-sent-events.ts";

const RULES = "You are a friendly helper. Answer every question in one short sentence, and never guess. ".repeat(4);
const PAGE_TOKENS = 32;

interface Answer {
  readonly choices: readonly { readonly message: { readonly content: string } }[];
  readonly usage: {
    readonly prompt_tokens: number;
    readonly total_tokens: number;
    readonly prompt_tokens_details: { readonly cached_tokens: number };
  };
}

async function ask(caller: Caller, content: string, fields: object = {}): Promise<Answer> {
  const response = await caller.post("/v1/chat/completions", question(`${RULES}${content}`, fields));
  return await response.json<Answer>();
}

const cached = ({ usage }: Answer) => usage.prompt_tokens_details.cached_tokens;

test("usage tells what an earlier request had computed, and counts it like the rest", async () => {
  const caller = await newCaller();
  const first = await ask(caller, "What is 7 + 8?");
  expect(cached(first)).toBe(0);
  const again = await ask(caller, "What is 7 + 8?");
  expect(again.choices).toEqual(first.choices);
  expect(again.usage).toEqual({
    ...first.usage,
    prompt_tokens_details: { cached_tokens: expect.any(Number) },
  });
  expect(cached(again)).toBeGreaterThan(first.usage.prompt_tokens - PAGE_TOKENS - 1);
  expect(cached(again)).toBeLessThan(first.usage.prompt_tokens);
  const usage = await (await caller.get("/v1/usage")).json<{ data: { total_tokens: number }[] }>();
  expect(JSON.stringify(usage)).toContain(String(2 * first.usage.prompt_tokens));
});

test("a stream tells it with its usage; completions share prompts with chats", async () => {
  const caller = await newCaller();
  await ask(caller, "What is 7 + 8?");
  const fields = { stream: true, stream_options: { include_usage: true } };
  const chunks = await chunksOf(
    await caller.post("/v1/chat/completions", question(`${RULES}What is the capital of Peru?`, fields)),
  );
  expect(chunks.at(-1)!.usage).toMatchObject({ prompt_tokens_details: { cached_tokens: expect.any(Number) } });
  expect(chunks.at(-1)!.usage!.prompt_tokens_details.cached_tokens).toBeGreaterThan(2 * PAGE_TOKENS);
});

test("tenants share nothing, nor do the keys that one gives its prompts", async () => {
  const [caller, other] = [await newCaller(), await newCaller()];
  await ask(caller, "Hello", { prompt_cache_key: "a" });
  expect(cached(await ask(other, "Hello", { prompt_cache_key: "a" }))).toBe(0);
  expect(cached(await ask(caller, "Hello", { prompt_cache_key: "b" }))).toBe(0);
  expect(cached(await ask(caller, "Hello"))).toBe(0);
  expect(cached(await ask(caller, "Hello", { prompt_cache_key: "a" }))).toBeGreaterThan(0);
});
