import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { readEvents } from "../../../functions/generation-events.ts";
import { Ledger } from "../../../functions/objects/ledger.ts";
import { abortInTheMiddle, allFree, callFor, freshConductor, generateOn, partOf, requestFor } from "./conductors.ts";

const TOKENS_PER_MINUTE = 10_000;
const SECRET_SHA256 = "5".repeat(64);
const request = await requestFor("The capital of Peru is", {
  sampling: { temperature: 5, topK: 0, topP: 1, minP: 0, seed: 7n },
  maxTokens: 300,
});
const promptTokens = request.promptIds.length;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A tenant with one reservation, and the call that is to settle it. */
async function reservedCall(maxTokens: number) {
  const call = await callFor({ ...request, maxTokens });
  const ledger = env.LEDGER.getByName(call.tenant);
  await ledger.create({ limits: { requestsPerMinute: 100, tokensPerMinute: TOKENS_PER_MINUTE, concurrency: 1 } });
  await ledger.addKey({ secretSha256: SECRET_SHA256, label: "", expiresMs: null });
  const reserve = (reservationId: string, promptTokens: number, maxTokens: number) =>
    ledger.reserve({
      secretSha256: SECRET_SHA256,
      reservationId,
      generation: { model: "a-model", promptTokens, maxTokens, roomTokens: 500 },
    });
  expect(await reserve(call.reservationId, promptTokens, maxTokens)).toMatchObject({ outcome: "admitted" });
  /** What the settled generation took of the minute; fails while it is not settled, since only one may run. */
  const taken = async () => {
    const next = await reserve(crypto.randomUUID(), 1, 1);
    if (next.outcome !== "admitted") throw new Error(next.outcome);
    return TOKENS_PER_MINUTE - 2 - next.rates.remainingTokens;
  };
  return { call, taken };
}

test("a finished generation costs its prompt and its tokens, settled before its last line is read", async () => {
  const conductor = await freshConductor();
  const { call, taken } = await reservedCall(7);
  expect((await generateOn(conductor, call)).ids).toHaveLength(7);
  expect(await taken()).toBe(promptTokens + 7);
});

test("a generation's lease is held while it runs, and no longer", async () => {
  const conductor = await freshConductor();
  await generateOn(conductor, await callFor({ ...request, maxTokens: 1 }));
  const { call } = await reservedCall(300);
  const hold = vi.spyOn(Ledger.prototype, "hold");
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const answer = await conductor.generate(call);
  if (!answer.admitted) throw new Error(answer.failure.message);
  vi.advanceTimersByTime(60_000);
  for await (const event of readEvents(answer.events, new AbortController().signal)) expect(event.type).toBeTruthy();
  vi.advanceTimersByTime(600_000);
  await allFree(conductor);
  expect(hold.mock.calls).toEqual([[call.reservationId], [call.reservationId]]);
});

test("a cancelled generation costs the prompt and what was sampled until then", async () => {
  const conductor = await freshConductor();
  const { call, taken } = await reservedCall(300);
  const answer = await conductor.generate(call);
  if (!answer.admitted) throw new Error(answer.failure.message);
  let sampled = 0;
  const reading = async () => {
    for await (const event of readEvents(answer.events, new AbortController().signal)) {
      if (event.type === "token" && ++sampled === 3) void conductor.cancel(call.id);
    }
  };
  await expect(reading).rejects.toThrow();
  await allFree(conductor);
  const cost = await taken();
  expect(cost).toBeGreaterThanOrEqual(promptTokens + 3);
  expect(cost).toBeLessThan(promptTokens + 300);
});

test("our own failure in the middle of an answer costs nothing", async () => {
  const conductor = await freshConductor();
  let gone = false;
  const failure = { code: "bad_shard", message: "layer-02-0.bin is gone" };
  const STAGE = {
    getByName: (name: string) =>
      gone ? { join: async () => ({ joined: false, failure }) } : env.STAGE.getByName(name),
  };
  await runInDurableObject(conductor, (instance) => Object.assign(instance, { env: { ...env, STAGE } }));
  await generateOn(conductor, await callFor({ ...request, maxTokens: 1 }));
  const { call, taken } = await reservedCall(300);
  await abortInTheMiddle(await partOf(conductor, "stage-1-0"));
  gone = true;
  const answer = await conductor.generate(call);
  if (!answer.admitted) throw new Error(answer.failure.message);
  let sampled = 0;
  const reading = async () => {
    for await (const event of readEvents(answer.events, new AbortController().signal))
      if (event.type === "token") sampled++;
  };
  await expect(reading).rejects.toMatchObject({ code: "bad_shard", message: failure.message });
  expect(sampled).toBeGreaterThan(0);
  expect(await taken()).toBe(0);
});
