import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { deployedModel } from "../../../functions/model.ts";
import { conductorOf } from "../../../functions/routes/conductor-of.ts";
import { allFree } from "../ring/conductors.ts";
import { type Caller, errorOf, newCaller } from "./caller.ts";
import {
  bodyOf,
  COMPLETIONS,
  endless,
  eventsOf,
  freshName,
  leaveAfter,
  postNamed,
  streamed,
  untilSettled,
  WHOLE,
} from "./kept-answers.ts";

const limits = { concurrency: 4, requestsPerMinute: 1000, tokensPerMinute: 10_000 };

const cancel = (caller: Caller, id: string) => caller.post(`/v1/generations/${id}/cancel`, "");
const idOf = (response: Response) => response.headers.get("x-generation-id")!;

test.each([
  ["one without a name", 1, (caller: Caller) => caller.post(COMPLETIONS, streamed)],
  ["one with a name", 1, (caller: Caller) => postNamed(caller, streamed, freshName())],
  ["several answers", 3, (caller: Caller) => caller.post(COMPLETIONS, { ...streamed, n: 3, ignore_eos: true })],
])("cancelling ends %s at once, tells its reader, and charges what was computed", async (_, answers, ask) => {
  const caller = await newCaller(limits);
  const response = await ask(caller);
  const id = idOf(response);
  const answer = await cancel(caller, id);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ id, object: "generation", status: "cancelled" });
  const { data } = (await eventsOf(response)).at(-1)!;
  expect(JSON.parse(data)).toMatchObject({ error: { code: "generation_cancelled" } });
  const { tokens, requests } = await untilSettled(caller);
  expect(requests).toBe(1);
  expect(tokens).toBeGreaterThan(0);
  expect(tokens).toBeLessThan(endless.prompt.length + answers * endless.max_tokens);
  await allFree(conductorOf(env, await deployedModel(env)));
});

test("what was cancelled, running or paused, cannot be gone on with, and its name is used up", async () => {
  for (const paused of [false, true]) {
    const caller = await newCaller(limits);
    const name = freshName();
    const response = await postNamed(caller, streamed, name);
    await leaveAfter(response, 5);
    if (paused) await untilSettled(caller);
    const { tokens } = await cancel(caller, idOf(response)).then(() => untilSettled(caller));
    expect(await errorOf(await caller.get(`/v1/generations/${idOf(response)}/events`))).toMatchObject({ status: 404 });
    expect(await errorOf(await postNamed(caller, streamed, name))).toMatchObject({
      status: 410,
      code: "generation_cancelled",
    });
    expect(await untilSettled(caller)).toMatchObject({ tokens });
  }
});

test("cancelling what has ended changes nothing", async () => {
  const caller = await newCaller(limits);
  const name = freshName();
  const response = await postNamed(caller, endless, name);
  const text = await bodyOf(response);
  expect(await (await cancel(caller, idOf(response))).json()).toMatchObject({ status: "completed" });
  expect(await bodyOf(await postNamed(caller, endless, name))).toBe(text);
  expect(await untilSettled(caller)).toEqual(WHOLE);
});

test("another tenant's generation is as if it were not there, and goes on", async () => {
  const caller = await newCaller(limits);
  const stranger = await newCaller(limits);
  const response = await postNamed(caller, streamed, freshName());
  const foreign = await errorOf(await cancel(stranger, idOf(response)));
  expect(foreign).toMatchObject({ status: 404, code: "generation_not_found" });
  expect(await errorOf(await cancel(stranger, `cmpl-${"0".repeat(32)}`))).toEqual(foreign);
  expect((await eventsOf(response)).at(-1)).toMatchObject({ data: "[DONE]" });
  expect(await untilSettled(caller)).toEqual(WHOLE);
});

test("a body with anything in it is refused", async () => {
  const caller = await newCaller(limits);
  const path = `/v1/generations/cmpl-${"0".repeat(32)}/cancel`;
  expect(await errorOf(await caller.post(path, { reason: "no" }))).toMatchObject({ status: 400, param: "reason" });
});
