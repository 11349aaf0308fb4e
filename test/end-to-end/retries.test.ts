import { createOpenAI } from "@ai-sdk/openai";
import { ChatOpenAI } from "@langchain/openai";
import { generateText } from "ai";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failureError } from "../../functions/errors.ts";
import { type LocalServer, startLocalServer } from "./local-server.ts";
import { tenantKey } from "./tenant-key.ts";

const MODEL = "lapidary-demo";
const PERU = "What is the capital of Peru?";
const LIMA = "The capital of Peru is Lima.";
const MAX_RETRIES = 4;
/** Longer than it takes to ask again. */
const HELD = { model: MODEL, prompt: "Once", max_tokens: 450, ignore_eos: true, stream: true as const };

let server: LocalServer;
beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(() => server?.[Symbol.asyncDispose]());

type Fetch = typeof globalThis.fetch;
interface Asking {
  readonly baseURL: string;
  readonly apiKey: string;
  readonly fetch: Fetch;
}

interface Client {
  readonly name: string;
  /** Waits as long as `retry-after-ms` says; otherwise by a clock and dice of its own. */
  readonly heeds: boolean;
  answer(asking: Asking): Promise<string>;
}

const CLIENTS: readonly Client[] = [
  {
    name: "the openai client",
    heeds: true,
    async answer(asking) {
      const client = new OpenAI({ ...asking, maxRetries: MAX_RETRIES });
      const messages = [{ role: "user" as const, content: PERU }];
      const answer = await client.chat.completions.create({ model: MODEL, temperature: 0, messages });
      return answer.choices[0]!.message.content!;
    },
  },
  {
    name: "the AI SDK",
    heeds: true,
    async answer(asking) {
      const model = createOpenAI(asking)(MODEL);
      return (await generateText({ model, prompt: PERU, temperature: 0, maxRetries: MAX_RETRIES })).text;
    },
  },
  {
    name: "LangChain",
    heeds: false,
    async answer({ apiKey, ...configuration }) {
      const fields = { model: MODEL, temperature: 0, maxRetries: MAX_RETRIES, apiKey, configuration };
      return (await new ChatOpenAI(fields).invoke(PERU)).text;
    },
  },
];

interface Attempt {
  readonly status: number;
  readonly atMs: number;
  readonly retryAfterMs: number;
}

/** A fetch that writes down what came; `ask` may answer instead of the server. */
function watched(
  attempts: Attempt[],
  ask: (attempt: number, send: () => Promise<Response>) => Promise<Response>,
): Fetch {
  return async (input, init) => {
    const response = await ask(attempts.length, () => fetch(input, init));
    const retryAfterMs = Number(response.headers.get("retry-after-ms"));
    attempts.push({ status: response.status, atMs: performance.now(), retryAfterMs });
    return response;
  };
}

/** Between the answer to the first attempt and that to the second, of what the first asked for. */
const waitedShare = ([first, second]: readonly Attempt[]) => (second!.atMs - first!.atMs) / first!.retryAfterMs;

describe.concurrent.each(CLIENTS)("$name", ({ heeds, answer }) => {
  test("tries again after a 429, and waits as it was told to if it heeds that", async () => {
    const apiKey = await tenantKey(server.url, { concurrency: 1 });
    const holding = await server.client.withOptions({ apiKey }).completions.create(HELD);
    const attempts: Attempt[] = [];
    const fetched = watched(attempts, async (attempt, send) => {
      const response = await send();
      if (attempt === 0) holding.controller.abort();
      return response;
    });
    expect(await answer({ baseURL: `${server.url}/v1`, apiKey, fetch: fetched })).toBe(LIMA);
    expect(attempts[0]!.status).toBe(429);
    expect(attempts.at(-1)!.status).toBe(200);
    expect(attempts[0]!.retryAfterMs).toBeGreaterThan(0);
    if (heeds) expect(waitedShare(attempts)).toBeGreaterThanOrEqual(1);
  });

  test("tries again after a 503, and waits as it was told to if it heeds that", async () => {
    const attempts: Attempt[] = [];
    // What a gateway says when a pipeline has no room for ten seconds.
    const full = failureError({ code: "out_of_capacity", message: "No room.", retryAfterMs: 1500 });
    const fetched = watched(attempts, async (attempt, send) =>
      attempt > 0 ? await send() : Response.json(full.body, { status: full.status, headers: full.headers }),
    );
    expect(await answer({ baseURL: `${server.url}/v1`, apiKey: server.key, fetch: fetched })).toBe(LIMA);
    expect(attempts.map(({ status }) => status)).toEqual([503, 200]);
    if (heeds) expect(waitedShare(attempts)).toBeGreaterThanOrEqual(1);
  });
});
