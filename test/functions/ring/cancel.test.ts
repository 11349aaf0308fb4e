import { expect, test, vi } from "vitest";
import { readEvents } from "../../../functions/generation-events.ts";
import { allFree, callFor, freshConductor, generateOn, requestFor } from "./conductors.ts";

const CANCEL_LIMIT_MS = 2000;

/** Runs to its token limit unless somebody ends it. */
const long = await requestFor("Once upon a time", {
  sampling: { temperature: 5, topK: 0, topP: 1, minP: 0, seed: 7n },
  maxTokens: 480,
});

test("a cancelled generation frees its session and pages, and its stream does not end as if finished", async () => {
  const conductor = await freshConductor();
  await generateOn(conductor, await callFor({ ...long, maxTokens: 1 }));
  const call = await callFor(long);
  const answer = await conductor.generate(call);
  if (!answer.admitted) throw new Error(answer.failure.message);
  await conductor.cancel(call.id);
  await allFree(conductor, CANCEL_LIMIT_MS);
  const reading = async () => {
    let tokens = 0;
    for await (const event of readEvents(answer.events, new AbortController().signal))
      if (event.type === "token") tokens++;
    return tokens;
  };
  await expect(reading).rejects.toThrow();
});

test("a reader that cancels its stream ends the generation", async () => {
  const conductor = await freshConductor();
  const answer = await conductor.generate(await callFor(long));
  if (!answer.admitted) throw new Error(answer.failure.message);
  await answer.events.cancel();
  await allFree(conductor, CANCEL_LIMIT_MS);
});

test("a generation cancelled while it waits for its place, or while its route loads, is refused at once", async () => {
  const conductor = await freshConductor({ LAPIDARY_MAX_SESSIONS: "1" });
  const [first, second] = [await callFor(long), await callFor(long)];
  const [loading, waiting] = [conductor.generate(first), conductor.generate(second)];
  const bothThere = async () => expect(await conductor.status()).toMatchObject({ sessions: 1, waiting: 1 });
  await vi.waitFor(bothThere, { interval: 1 });
  await Promise.all([conductor.cancel(second.id), conductor.cancel(first.id)]);
  expect(await waiting).toMatchObject({ admitted: false });
  expect(await loading).toMatchObject({ admitted: false });
  await allFree(conductor, CANCEL_LIMIT_MS);
  expect(await generateOn(conductor, await callFor({ ...long, maxTokens: 2 }))).toMatchObject({ finish: "length" });
});

test("cancelling what has ended, or never was, changes nothing", async () => {
  const conductor = await freshConductor();
  await conductor.cancel("nobody");
  const call = await callFor({ ...long, maxTokens: 3 });
  const { ids } = await generateOn(conductor, call);
  await conductor.cancel(call.id);
  expect(ids).toHaveLength(3);
});
