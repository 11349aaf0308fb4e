import { env } from "cloudflare:workers";
import { expect } from "vitest";
import type { GenerateCall } from "../../../functions/pipeline/generation-call.ts";
import { type ConductorStub, callFor, requestFor } from "../ring/conductors.ts";
import { choices } from "./kills.ts";

const AT_ONCE = 25;
/** How much of an answer is read before it is left. */
const READS = [0, 1, 2, 5, 10];
const TENANT = "dropped-sessions";
const SECRET_SHA256 = "5".repeat(64);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Reads some bytes of an answer; whether it is at its end. */
async function readSome(events: ReadableStreamDefaultReader<Uint8Array>, reads: number): Promise<boolean> {
  for (let read = 0; read < reads; read++) {
    const { done } = await events.read().catch(() => ({ done: true }));
    if (done) return true;
  }
  return false;
}

type Ending = (conductor: ConductorStub, call: GenerateCall, reads: number) => Promise<void>;

/** Every way to leave: before there is an answer, in the middle of one, by word or without one, or not at all. */
const ENDINGS: readonly Ending[] = [
  async function cancelWhileAdmitted(conductor, call, reads) {
    const answering = conductor.generate(call);
    await pause(reads);
    await conductor.cancel(call.id);
    const answer = await answering;
    if (answer.admitted) await readSome(answer.events.getReader(), Number.POSITIVE_INFINITY);
  },
  async function cancelInTheMiddle(conductor, call, reads) {
    const answer = await conductor.generate(call);
    if (!answer.admitted) return;
    const events = answer.events.getReader();
    await readSome(events, reads);
    await conductor.cancel(call.id);
    await readSome(events, Number.POSITIVE_INFINITY);
  },
  async function leaveWithoutAWord(conductor, call, reads) {
    const answer = await conductor.generate(call);
    if (!answer.admitted) return;
    const events = answer.events.getReader();
    await readSome(events, reads);
    await events.cancel();
    // A gateway that could not say it at once.
    await conductor.cancel(call.id);
  },
  async function readToTheEnd(conductor, call) {
    const answer = await conductor.generate(call);
    if (answer.admitted) await readSome(answer.events.getReader(), Number.POSITIVE_INFINITY);
  },
  async function leaveWhatIsKept(conductor, call, reads) {
    await readKept(conductor, await named(call), reads);
  },
  async function comeBackToWhatIsKept(conductor, call, reads) {
    const kept = await named(call);
    await readKept(conductor, kept, reads);
    await readKept(conductor, kept, Number.POSITIVE_INFINITY);
  },
  async function readWhatIsKeptTogether(conductor, call, reads) {
    const kept = await named(call);
    await Promise.all([0, reads, Number.POSITIVE_INFINITY].map((most) => readKept(conductor, kept, most)));
  },
  async function cancelWhatIsKept(conductor, call, reads) {
    const kept = await named(call);
    await readKept(conductor, kept, reads);
    await conductor.cancelRequest(kept.id, kept.tenant);
  },
];

/** The same call under a name of its own. */
async function named(call: GenerateCall): Promise<GenerateCall> {
  const { id, tenant, promptIds, maxTokens, reservationId } = call;
  const ledger = env.LEDGER.getByName(tenant);
  const generation = { model: "a-model", promptTokens: promptIds.length, maxTokens, roomTokens: 500 };
  const name = { nameSha256: id, bodySha256: id };
  const answer = await ledger.reserve({ secretSha256: SECRET_SHA256, reservationId, generation, named: name });
  expect(answer).toMatchObject({ outcome: "admitted" });
  return { ...call, kept: true };
}

/** Reads some of an answer as the gateway does, and leaves it. */
async function readKept(conductor: ConductorStub, call: GenerateCall, reads: number): Promise<void> {
  const answer = await conductor.generate(call);
  if (!answer.admitted) return;
  const events = answer.events.getReader();
  if (await readSome(events, reads)) return;
  await events.cancel();
  await conductor.leave(call, answer.reader);
}

/** Opens `sessions` sessions on a conductor, a few at once, and leaves each in one of those ways at a random point. */
export async function dropSessions(conductor: ConductorStub, sessions: number, prompt: string): Promise<void> {
  const request = await requestFor(prompt, {
    sampling: { temperature: 2, topK: 0, topP: 1, minP: 0, seed: 7n },
    maxTokens: 16,
  });
  const ledger = env.LEDGER.getByName(TENANT);
  await ledger.create({
    limits: { requestsPerMinute: 100_000, tokensPerMinute: 100_000_000, concurrency: sessions },
  });
  await ledger.addKey({ secretSha256: SECRET_SHA256, label: "", expiresMs: null });
  const choose = choices(1000);
  let opened = 0;
  const users = Array.from({ length: AT_ONCE }, async () => {
    while (opened < sessions) {
      opened++;
      await choose(ENDINGS)(conductor, await callFor(request, { tenant: TENANT }), choose(READS));
    }
  });
  await Promise.all(users);
  expect(opened).toBe(sessions);
}

/** How many of them the tenant's ledger takes to be running. */
export const runningSessions = async () => (await env.LEDGER.getByName(TENANT).describe())!.now.running;
