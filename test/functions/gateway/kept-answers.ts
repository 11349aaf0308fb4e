import { expect, vi } from "vitest";
import { type Caller, MODEL } from "./caller.ts";

export const COMPLETIONS = "/v1/completions";

/** Hot, and with a seed whose answer never ends by itself. */
export const endless = { model: MODEL, prompt: [2], temperature: 2, top_p: 1, top_k: 0, max_tokens: 240, seed: 13 };
export const streamed = { ...endless, stream: true, stream_options: { include_usage: true } };

export const freshName = () => crypto.randomUUID();

/** Asks with an Idempotency-Key. */
export function postNamed(caller: Caller, body: object, name: string, headers: Record<string, string> = {}) {
  return caller.post(COMPLETIONS, body, {
    headers: {
      authorization: `Bearer ${caller.key}`,
      "content-type": "application/json",
      "idempotency-key": name,
      ...headers,
    },
  });
}

/** One event of a stream; comments are left out. */
export interface StreamEvent {
  readonly id: string | undefined;
  readonly data: string;
}

export function eventsIn(stream: string): StreamEvent[] {
  const blocks = stream.replaceAll(/^:.*\n/gm, "").split("\n\n");
  // What follows the last blank line is no event yet.
  return blocks.slice(0, -1).map((block) => {
    const [, id, data] = /^(?:id: (.*)\n)?data: (.*)$/.exec(block) ?? [];
    if (data === undefined) throw new Error(`not an event: ${JSON.stringify(block)}`);
    return { id, data };
  });
}

/** A body without the signs of life that a waiting client gets. */
export const bodyOf = async (response: Response): Promise<string> =>
  (await response.text()).replaceAll(/^:\n/gm, "").trimStart();

/** The events of a whole stream. */
export async function eventsOf(response: Response): Promise<StreamEvent[]> {
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return eventsIn(await response.text());
}

/** Reads at least so many events of a stream, and leaves. */
export async function leaveAfter(response: Response, count: number): Promise<StreamEvent[]> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response.body!) {
    text += decoder.decode(bytes, { stream: true });
    if (eventsIn(`${text}`).length >= count) break;
  }
  return eventsIn(text);
}

export interface Account {
  readonly requests: number;
  readonly tokens: number;
  readonly running: number;
}

/** What the tenant was charged for answers of the model until now, and how many generations hold a place. */
export async function accountOf(caller: Caller): Promise<Account> {
  interface Report {
    now: { running: number };
    data: { model: string; requests: number; prompt_tokens: number; completion_tokens: number }[];
  }
  const { now, data } = await (await caller.get("/v1/usage")).json<Report>();
  const rows = data.filter(({ model }) => model === MODEL);
  const sum = (field: "requests" | "prompt_tokens" | "completion_tokens") =>
    rows.reduce((total, row) => total + row[field], 0);
  return {
    requests: sum("requests"),
    tokens: sum("prompt_tokens") + sum("completion_tokens"),
    running: now.running,
  };
}

/** What one whole answer to `endless` costs. */
export const WHOLE: Account = { requests: 1, tokens: endless.prompt.length + endless.max_tokens, running: 0 };

/** Resolves when the tenant's generations hold no place any more, which is when they are settled. */
export async function untilSettled(caller: Caller): Promise<Account> {
  return await vi.waitFor(
    async () => {
      const account = await accountOf(caller);
      expect(account.running).toBe(0);
      return account;
    },
    { timeout: 5_000, interval: 20 },
  );
}
