import { abortAllDurableObjects, listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { deployedModel } from "../../../functions/model.ts";
import { conductorOf } from "../../../functions/routes/conductor-of.ts";
import { KEPT_MS } from "../../../functions/tenants/kept-generations.ts";
import { allFree } from "../ring/conductors.ts";
import { type Caller, errorOf, newCaller, request } from "./caller.ts";
import {
  accountOf,
  COMPLETIONS,
  endless,
  eventsOf,
  freshName,
  leaveAfter,
  postNamed,
  type StreamEvent,
  streamed,
  untilSettled,
  WHOLE,
} from "./kept-answers.ts";

const limits = { concurrency: 1, requestsPerMinute: 1000, tokensPerMinute: 10_000 };
const PAUSE_LIMIT_MS = 2_000;
const READ = 30;

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});
afterEach(() => void vi.useRealTimers());

const objects = { conductor: env.CONDUCTOR, stage: env.STAGE } as const;
async function abortAll(kind: keyof typeof objects): Promise<void> {
  const namespace = objects[kind] as DurableObjectNamespace;
  for (const id of await listDurableObjectIds(namespace))
    await runInDurableObject(namespace.get(id), (_, state) => state.abort("aborted by a test")).catch(() => undefined);
}

const conductor = async () => conductorOf(env, await deployedModel(env));

function readOn(caller: Caller, id: string, lastEventId?: string): Promise<Response> {
  const headers = {
    authorization: `Bearer ${caller.key}`,
    ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
  };
  return request(`/v1/generations/${id}/events`, { headers });
}

/** A reader that left its stream in the middle, and what it has. */
async function left(body: object = streamed) {
  const caller = await newCaller(limits);
  const name = freshName();
  const response = await postNamed(caller, body, name);
  const id = response.headers.get("x-generation-id")!;
  const had = await leaveAfter(response, READ);
  return { caller, name, id, had, lastId: had.at(-1)!.id! };
}

/** The answer's chunks without what differs between two answers. */
const contents = (events: readonly StreamEvent[]) =>
  events.map(({ id, data }) => {
    if (data === "[DONE]") return { id, data };
    const { choices, usage } = JSON.parse(data);
    return { id, choices, usage };
  });

const undisturbed = async (body: object = streamed) =>
  contents(await eventsOf(await postNamed(await newCaller(limits), body, freshName())));

test("a reader that leaves pauses its generation within 2 s, and pays for what was computed until then", async () => {
  const { caller, had } = await left();
  await allFree(await conductor(), PAUSE_LIMIT_MS);
  const { tokens, running } = await untilSettled(caller);
  expect(running).toBe(0);
  expect(tokens).toBeGreaterThanOrEqual(had.length);
  expect(tokens).toBeLessThan(WHOLE.tokens);
});

describe("the rest of an answer, charged once, comes", () => {
  test.each([
    ["by its id", async ({ caller, id, lastId }: Awaited<ReturnType<typeof left>>) => readOn(caller, id, lastId)],
    [
      "by the same request",
      async ({ caller, name, lastId }: Awaited<ReturnType<typeof left>>) =>
        postNamed(caller, streamed, name, { "last-event-id": lastId }),
    ],
  ])("%s", async (_, again) => {
    const reader = await left();
    const rest = await eventsOf(await again(reader));
    expect(contents([...reader.had, ...rest])).toEqual(await undisturbed());
    expect(await untilSettled(reader.caller)).toEqual(WHOLE);
  });

  test.each([
    ["its conductor was lost", () => abortAll("conductor")],
    ["its stages were lost", () => abortAll("stage")],
    ["all objects were reset", () => abortAllDurableObjects()],
  ])("after %s", async (_, lose) => {
    const { caller, id, had, lastId } = await left();
    await untilSettled(caller);
    await lose();
    const rest = await eventsOf(await readOn(caller, id, lastId));
    expect(contents([...had, ...rest])).toEqual(await undisturbed());
    expect(await untilSettled(caller)).toEqual(WHOLE);
  });

  test("after several readings that were all left", async () => {
    const { caller, id, had } = await left();
    const all = [...had];
    for (let reading = 0; reading < 3; reading++)
      all.push(...(await leaveAfter(await readOn(caller, id, all.at(-1)!.id), READ)));
    all.push(...(await eventsOf(await readOn(caller, id, all.at(-1)!.id))));
    expect(contents(all)).toEqual(await undisturbed());
    expect(await untilSettled(caller)).toEqual(WHOLE);
  });

  test("with log-probabilities of several answers, in whatever order they are told", async () => {
    const body = {
      ...streamed,
      prompt: [[2], [2, 7]],
      n: 2,
      max_tokens: 40,
      logprobs: 2,
      echo: true,
      ignore_eos: true,
    };
    const wide = { ...limits, concurrency: 4 };
    const caller = await newCaller(wide);
    const response = await postNamed(caller, body, freshName());
    const id = response.headers.get("x-generation-id")!;
    const had = await leaveAfter(response, READ);
    await untilSettled(caller);
    await abortAll("conductor");
    const rest = await eventsOf(await readOn(caller, id, had.at(-1)!.id));
    const ofChoices = (events: readonly StreamEvent[]) => {
      const choices = contents(events).flatMap((event) => event.choices ?? []);
      return [0, 1, 2, 3].map((index) => choices.filter((choice) => choice.index === index));
    };
    const whole = await eventsOf(await postNamed(await newCaller(wide), body, freshName()));
    expect(ofChoices([...had, ...rest])).toEqual(ofChoices(whole));
    expect(await untilSettled(caller)).toEqual({ requests: 1, tokens: 3 + 4 * 40, running: 0 });
  });
});

test("coming back to a paused answer needs a place, and is a 429 without one", async () => {
  const { caller, id, lastId } = await left();
  await untilSettled(caller);
  const other = await caller.post(COMPLETIONS, { ...endless, max_tokens: 400, stream: true });
  const refused = await readOn(caller, id, lastId);
  expect(refused.headers.get("retry-after")).toBe("1");
  expect(await errorOf(refused)).toMatchObject({ status: 429, type: "concurrency", code: "rate_limit_exceeded" });
  await other.text();
  expect((await eventsOf(await readOn(caller, id, lastId))).at(-1)).toMatchObject({ data: "[DONE]" });
});

test("a whole answer that its caller did not wait for comes when it asks again", async () => {
  const caller = await newCaller(limits);
  const name = freshName();
  await (await postNamed(caller, endless, name)).body!.cancel();
  await untilSettled(caller);
  const answer = await (await postNamed(caller, endless, name)).json<{ choices: { text: string }[] }>();
  const plain = await (await (await newCaller(limits)).post(COMPLETIONS, endless)).json<typeof answer>();
  expect(answer.choices).toEqual(plain.choices);
  expect(await untilSettled(caller)).toEqual(WHOLE);
});

test("a second reader of a live stream gets what the first has had and goes on without it", async () => {
  const caller = await newCaller(limits);
  const name = freshName();
  const first = await postNamed(caller, streamed, name);
  const second = await postNamed(caller, streamed, name);
  await leaveAfter(first, READ);
  expect(contents(await eventsOf(second))).toEqual(await undisturbed());
  expect(await untilSettled(caller)).toEqual(WHOLE);
});

test("who has everything is told the end alone", async () => {
  const caller = await newCaller(limits);
  const response = await postNamed(caller, { ...streamed, max_tokens: 5 }, freshName());
  const events = await eventsOf(response);
  const id = response.headers.get("x-generation-id")!;
  expect(await eventsOf(await readOn(caller, id, events.at(-2)!.id))).toEqual([{ id: undefined, data: "[DONE]" }]);
  expect(await eventsOf(await readOn(caller, id))).toEqual(events);
});

test.each(["x", "1", "1-0-0", "-1-0", "1-2", "999-0", "1e3-0"])("a Last-Event-ID %j is a 400", async (lastEventId) => {
  const caller = await newCaller(limits);
  const response = await postNamed(caller, { ...streamed, max_tokens: 5 }, freshName());
  const id = response.headers.get("x-generation-id")!;
  await response.text();
  expect(await errorOf(await readOn(caller, id, lastEventId))).toMatchObject({ status: 400, param: "Last-Event-ID" });
});

test("a Last-Event-ID means nothing without a name or a stream, and never begins an answer", async () => {
  const caller = await newCaller(limits);
  const lastEventId = { "last-event-id": "5-0" };
  expect(await errorOf(await postNamed(caller, endless, freshName(), lastEventId))).toMatchObject({ status: 400 });
  expect(await errorOf(await postNamed(caller, streamed, freshName(), lastEventId))).toMatchObject({
    status: 410,
    code: "generation_gone",
  });
  expect(await accountOf(caller)).toMatchObject({ requests: 0, running: 0 });
});

test("another tenant's generation, one without a name, and none at all are the same 404", async () => {
  const { caller, id } = await left();
  const stranger = await newCaller();
  const unnamed = await caller.post(COMPLETIONS, { ...endless, max_tokens: 1 });
  await unnamed.text();
  const none = `cmpl-${"0".repeat(32)}`;
  const asked: [Caller, string][] = [
    [stranger, id],
    [caller, unnamed.headers.get("x-generation-id")!],
    [caller, none],
    [caller, "made-up"],
  ];
  const errors = await Promise.all(asked.map(async ([asker, which]) => errorOf(await readOn(asker, which, "1-0"))));
  expect(errors[0]).toMatchObject({ status: 404, code: "generation_not_found" });
  for (const error of errors) expect(error).toEqual(errors[0]);
  expect((await request(`/v1/generations/${id}/events`)).status).toBe(401);
});

test("ten minutes after it ended an answer is not there any more, and its name is free", async () => {
  const { caller, name, id, lastId } = await left();
  await untilSettled(caller);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + KEPT_MS + 1 });
  expect(await errorOf(await readOn(caller, id, lastId))).toMatchObject({ status: 404 });
  const anew = await postNamed(caller, { ...endless, max_tokens: 1 }, name);
  expect(anew.status).toBe(200);
  expect(anew.headers.get("x-generation-id")).not.toBe(id);
  await anew.text();
});
