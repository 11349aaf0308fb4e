import { expect, test } from "vitest";
import { errorOf, newCaller } from "./caller.ts";
import {
  accountOf,
  bodyOf,
  COMPLETIONS,
  endless,
  eventsOf,
  freshName,
  postNamed,
  streamed,
  WHOLE,
} from "./kept-answers.ts";

const limits = { concurrency: 1, requestsPerMinute: 1000, tokensPerMinute: 1000 };

test("every event of a stream whose request has a name has an id of its own, and the answer says which it is", async () => {
  const caller = await newCaller(limits);
  const response = await postNamed(caller, streamed, freshName());
  const generation = response.headers.get("x-generation-id");
  expect(generation).toMatch(/^cmpl-[0-9a-f]{32}$/);
  const events = await eventsOf(response);
  expect(events.pop()).toEqual({ id: undefined, data: "[DONE]" });
  expect(events.length).toBeGreaterThan(endless.max_tokens / 2);
  const ids = events.map(({ id }) => id);
  expect(new Set(ids).size).toBe(events.length);
  expect(ids).not.toContain(undefined);
  for (const { data } of events) expect(JSON.parse(data).id).toBe(generation);
});

// The Python SDK takes the blank line after a comment for an event once any event has had an id.
test("other streams have no ids", async () => {
  const events = await eventsOf(await (await newCaller(limits)).post(COMPLETIONS, { ...streamed, max_tokens: 5 }));
  expect(events.every(({ id }) => id === undefined)).toBe(true);
});

test("the same request again gets the same answer, whole or streamed, and is charged once", async () => {
  for (const body of [endless, streamed]) {
    const caller = await newCaller(limits);
    const name = freshName();
    const first = await bodyOf(await postNamed(caller, body, name));
    expect(await bodyOf(await postNamed(caller, body, name))).toBe(first);
    expect(await accountOf(caller)).toEqual(WHOLE);
  }
});

test("ten readers at once get one answer, charged once, though only one may run", async () => {
  const caller = await newCaller(limits);
  const unseeded = { ...endless, seed: undefined, ignore_eos: true };
  const name = freshName();
  const answers = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const response = await postNamed(caller, unseeded, name);
      return { status: response.status, text: await bodyOf(response) };
    }),
  );
  expect(answers[0]!.status).toBe(200);
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  expect(await accountOf(caller)).toEqual(WHOLE);
});

test("several answers to several prompts are kept as one is", async () => {
  const caller = await newCaller({ concurrency: 12, requestsPerMinute: 1000, tokensPerMinute: 10_000 });
  const body = { ...endless, prompt: [[2], [2, 7]], n: 6, max_tokens: 12, logprobs: 1, echo: true, ignore_eos: true };
  const name = freshName();
  const first = await bodyOf(await postNamed(caller, body, name));
  expect(JSON.parse(first).choices).toHaveLength(12);
  expect(await bodyOf(await postNamed(caller, body, name))).toBe(first);
  expect(await accountOf(caller)).toEqual({ requests: 1, tokens: 3 + 12 * 12, running: 0 });
});

test("a name with another body is a 422, on another route too", async () => {
  const caller = await newCaller(limits);
  const name = freshName();
  await (await postNamed(caller, { ...endless, max_tokens: 1 }, name)).text();
  expect(await errorOf(await postNamed(caller, { ...endless, max_tokens: 2 }, name))).toMatchObject({
    status: 422,
    code: "idempotency_key_reused",
    param: "Idempotency-Key",
  });
});

test("a name is its tenant's own", async () => {
  const [one, other] = [await newCaller(limits), await newCaller(limits)];
  const name = freshName();
  const ids = [];
  for (const caller of [one, other]) {
    const response = await postNamed(caller, { ...endless, max_tokens: 2 }, name);
    ids.push(response.headers.get("x-generation-id"));
    await response.text();
  }
  expect(ids[0]).not.toBe(ids[1]);
  expect(await accountOf(other)).toEqual({ requests: 1, tokens: 3, running: 0 });
});

test("a request that was refused begins anew under its name", async () => {
  const caller = await newCaller({ ...limits, tokensPerMinute: 300 });
  const name = freshName();
  const running = await caller.post(COMPLETIONS, { ...endless, stream: true });
  expect(await errorOf(await postNamed(caller, { ...endless, max_tokens: 10 }, name))).toMatchObject({ status: 429 });
  await running.text();
  expect((await postNamed(caller, { ...endless, max_tokens: 10 }, name)).status).toBe(200);
});

test.each(["", "two words", "é", "x".repeat(256)])("%j is no name", async (name) => {
  const caller = await newCaller(limits);
  expect(await errorOf(await postNamed(caller, endless, name))).toMatchObject({
    status: 400,
    param: "Idempotency-Key",
  });
  expect(await accountOf(caller)).toMatchObject({ requests: 0 });
});
