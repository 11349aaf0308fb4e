import { expect, test } from "vitest";
import { type Caller, errorOf, MODEL, newCaller, request } from "./caller.ts";
import { type Account, accountOf, bodyOf, freshName, untilSettled } from "./kept-answers.ts";

const RESPONSES = "/v1/responses";
const limits = { concurrency: 1, requestsPerMinute: 1000, tokensPerMinute: 10_000 };
const MAX_OUTPUT_TOKENS = 120;
const asked = {
  ...{ model: MODEL, input: "Tell me a story about a fox.", stream: true },
  ...{ temperature: 1, max_output_tokens: MAX_OUTPUT_TOKENS },
};

/** An event of the Responses API, with its SSE id. */
interface ResponseEvent {
  readonly id: string | undefined;
  readonly type: string;
  readonly sequence_number: number;
  readonly response?: { readonly id: string; readonly status: string; readonly output: unknown };
}

function eventsIn(stream: string): ResponseEvent[] {
  return [...stream.matchAll(/^event: (.*)\n(?:id: (.*)\n)?data: (.*)\n\n/gm)].map(([, name, id, data]) => {
    const event = JSON.parse(data!);
    expect(event.type).toBe(name);
    return { id, ...event };
  });
}

const post = (caller: Caller, name: string, headers: Record<string, string> = {}, body: object = asked) =>
  caller.post(RESPONSES, body, {
    headers: { authorization: `Bearer ${caller.key}`, "idempotency-key": name, ...headers },
  });

async function wholeOf(response: Response): Promise<ResponseEvent[]> {
  expect(response.status).toBe(200);
  return eventsIn(await bodyOf(response));
}

test("a streamed response again is the same events, charged once", async () => {
  const caller = await newCaller(limits);
  const name = freshName();
  const first = await wholeOf(await post(caller, name));
  expect(first.map(({ id }) => id)).toEqual(first.map(({ sequence_number }) => String(sequence_number)));
  expect(first.at(-1)!.response!.status).toMatch(/^(completed|incomplete)$/);
  const once = await accountOf(caller);
  expect(once).toMatchObject<Partial<Account>>({ requests: 1, running: 0 });
  expect(await wholeOf(await post(caller, name))).toEqual(first);
  expect(await accountOf(caller)).toEqual(once);
});

test("goes on after the last event that came, by the request or by the id of its generation", async () => {
  const caller = await newCaller(limits);
  const name = freshName();
  const all = await wholeOf(await post(caller, name));
  const had = all[Math.floor(all.length / 2)]!;
  const rest = all.slice(all.indexOf(had) + 1);
  const after = { "last-event-id": had.id! };
  expect(await wholeOf(await post(caller, name, after))).toEqual(rest);
  const headers = { authorization: `Bearer ${caller.key}`, ...after };
  const path = `/v1/generations/${all[0]!.response!.id}/events`;
  expect(await wholeOf(await request(path, { headers }))).toEqual(rest);
});

test("left in the middle it pauses, and comes back whole and stored", async () => {
  const caller = await newCaller(limits);
  const name = freshName();
  const left = await post(caller, name);
  const reader = left.body!.getReader();
  await reader.read();
  await reader.cancel();
  await untilSettled(caller);
  const all = await wholeOf(await post(caller, name));
  const { response } = all.at(-1)!;
  expect(response!.id).toBe(left.headers.get("x-generation-id"));
  const stored = await caller.get(`${RESPONSES}/${response!.id}`);
  expect(await stored.json()).toMatchObject({ output: response!.output });
});

test.each(["x", "-1", "1-0", "99999999999", "9999"])("a Last-Event-ID %j is a 400", async (id) => {
  const caller = await newCaller(limits);
  const name = freshName();
  const body = { ...asked, max_output_tokens: 3 };
  await wholeOf(await post(caller, name, {}, body));
  const refused = await post(caller, name, { "last-event-id": id }, body);
  expect(await errorOf(refused)).toMatchObject({ status: 400, param: "Last-Event-ID" });
});

test("a generation of the Responses API can be cancelled by its id", async () => {
  const caller = await newCaller(limits);
  const begun = await post(caller, freshName());
  const id = begun.headers.get("x-generation-id");
  const cancelled = await caller.post(`/v1/generations/${id}/cancel`, {});
  expect(await cancelled.json()).toMatchObject({ id, status: expect.stringMatching(/^(cancelled|completed)$/) });
  await begun.body!.cancel();
});
