import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { KEPT_MS } from "../../../functions/tenants/kept-generations.ts";
import type { ReserveCall } from "../../../functions/tenants/reservation.ts";
import { freshLedger, reserveCall } from "./fresh-ledger.ts";

const LIMITS = { requestsPerMinute: 20, tokensPerMinute: 1_000, concurrency: 2 };
const NAME = "a".repeat(64);
const BODY = "b".repeat(64);
const used = (promptTokens: number, completionTokens: number) => ({ promptTokens, completionTokens });

/** A prompt of 10 tokens, at most 30 more, and a name. */
const namedCall = (named: Partial<ReserveCall["named"]> = {}): ReserveCall => ({
  ...reserveCall({ maxTokens: 30 }),
  named: { nameSha256: NAME, bodySha256: BODY, ...named },
});

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

/** Sums of what the tenant is charged, and what it holds. */
async function account(ledger: Awaited<ReturnType<typeof freshLedger>>) {
  const today = new Date().toISOString().slice(0, 10);
  const { usage } = await ledger.usage(today, today);
  const sum = (field: "requests" | "promptTokens" | "completionTokens") =>
    usage.reduce((total, row) => total + row[field], 0);
  const { now } = (await ledger.describe())!;
  return { ...used(sum("promptTokens"), sum("completionTokens")), requests: sum("requests"), running: now.running };
}

async function begun() {
  const ledger = await freshLedger(LIMITS);
  const call = namedCall();
  expect(await ledger.reserve(call)).toMatchObject({ outcome: "admitted", reservationId: call.reservationId });
  return { ledger, id: call.reservationId };
}

test("of ten that ask by one name at once one is admitted, and the others join it", async () => {
  const ledger = await freshLedger(LIMITS);
  const answers = await Promise.all(Array.from({ length: 10 }, () => ledger.reserve(namedCall())));
  const [first, ...others] = answers;
  expect(first).toMatchObject({ outcome: "admitted", maxTokens: 30 });
  const { reservationId, atMs } = first as { reservationId: string; atMs: number };
  for (const other of others) expect(other).toMatchObject({ outcome: "joined", reservationId, atMs, maxTokens: 30 });
  expect(await ledger.describe()).toMatchObject({
    now: { requestsThisMinute: 10, tokensThisMinute: 40, running: 1 },
  });
});

test("a name belongs to one body, and to one tenant", async () => {
  const { ledger } = await begun();
  expect(await ledger.reserve(namedCall({ bodySha256: "c".repeat(64) }))).toEqual({ outcome: "name_taken" });
  const other = await freshLedger(LIMITS);
  expect(await other.reserve(namedCall())).toMatchObject({ outcome: "admitted" });
});

test("joining is refused at the limit of requests, as any request is", async () => {
  const ledger = await freshLedger({ ...LIMITS, requestsPerMinute: 1 });
  await ledger.reserve(namedCall());
  expect(await ledger.reserve(namedCall())).toMatchObject({ outcome: "limited", kind: "requests" });
});

describe("a generation that goes on", () => {
  test("has its lease as long as that is alive", async () => {
    const { ledger, id } = await begun();
    expect(await ledger.renew(id)).toEqual({ outcome: "leased", leaseId: id });
    expect(await account(ledger)).toMatchObject({ running: 1 });
  });

  test("gets another for the rest once it was settled, and is charged once", async () => {
    const { ledger, id } = await begun();
    await ledger.settle(id, used(10, 4), false);
    expect(await account(ledger)).toEqual({ ...used(10, 4), requests: 1, running: 0 });
    const leaseId = `${id}~2`;
    expect(await ledger.renew(id)).toEqual({ outcome: "leased", leaseId });
    expect((await ledger.describe())!.now).toMatchObject({ tokensThisMinute: 10 + 4 + 26, running: 1 });
    await evictDurableObject(ledger);
    await ledger.settle(leaseId, used(10, 30));
    expect(await account(ledger)).toEqual({ ...used(10, 30), requests: 1, running: 0 });
  });

  test("is not touched by a late settlement of an earlier lease", async () => {
    const { ledger, id } = await begun();
    await ledger.settle(id, used(10, 4), false);
    await ledger.renew(id);
    await ledger.settle(id, used(10, 4), false);
    expect(await account(ledger)).toMatchObject({ running: 1 });
  });

  test("pays all of it when the settlement of its first lease was lost", async () => {
    const { ledger, id } = await begun();
    vi.setSystemTime(Date.now() + 120_000);
    const answer = await ledger.renew(id);
    expect(answer).toEqual({ outcome: "leased", leaseId: `${id}~2` });
    await ledger.settle(`${id}~2`, used(10, 30));
    expect(await account(ledger)).toMatchObject(used(10, 30));
  });

  test("costs nothing while all it did was fail", async () => {
    const { ledger, id } = await begun();
    await ledger.settle(id, used(10, 4), false);
    await ledger.renew(id);
    await ledger.settle(`${id}~2`, used(0, 0), false);
    expect(await account(ledger)).toEqual({ ...used(10, 4), requests: 1, running: 0 });
  });

  test("waits for its place like any other, whatever the limit of requests says", async () => {
    const ledger = await freshLedger({ ...LIMITS, requestsPerMinute: 2, concurrency: 1 });
    const call = namedCall();
    await ledger.reserve(call);
    await ledger.settle(call.reservationId, used(10, 4), false);
    const between = reserveCall();
    await ledger.reserve(between);
    expect(await ledger.renew(call.reservationId)).toMatchObject({
      outcome: "limited",
      kind: "concurrency",
      retryAfterMs: 1000,
    });
    await ledger.settle(between.reservationId, used(1, 1));
    expect(await ledger.renew(call.reservationId)).toMatchObject({ outcome: "leased" });
  });

  test("is free once it is done", async () => {
    const { ledger, id } = await begun();
    await ledger.settle(id, used(10, 30));
    expect(await ledger.renew(id)).toEqual({ outcome: "done", leaseId: id });
    expect(await account(ledger)).toEqual({ ...used(10, 30), requests: 1, running: 0 });
  });
});

test("what was cancelled holds nothing, is not gone on with, and keeps its name", async () => {
  const { ledger, id } = await begun();
  await ledger.cancelKept(id);
  expect(await account(ledger)).toEqual({ ...used(0, 0), requests: 1, running: 0 });
  expect(await ledger.renew(id)).toEqual({ outcome: "gone" });
  expect(await ledger.reserve(namedCall())).toEqual({ outcome: "cancelled" });
});

test("ten minutes after its last settlement a name is free again, and nothing of it is left", async () => {
  const { ledger, id } = await begun();
  await ledger.settle(id, used(10, 30));
  vi.setSystemTime(Date.now() + KEPT_MS - 1);
  await runDurableObjectAlarm(ledger);
  expect(await ledger.reserve(namedCall())).toMatchObject({ outcome: "joined" });
  vi.setSystemTime(Date.now() + 1);
  expect(await ledger.renew(id)).toEqual({ outcome: "gone" });
  const call = namedCall();
  expect(await ledger.reserve(call)).toMatchObject({ outcome: "admitted", reservationId: call.reservationId });
});

test("the alarm rests once the last name has expired", async () => {
  const { ledger, id } = await begun();
  await ledger.settle(id, used(10, 30));
  vi.setSystemTime(Date.now() + 60_000);
  expect(await runDurableObjectAlarm(ledger)).toBe(true);
  vi.setSystemTime(Date.now() + KEPT_MS);
  expect(await runDurableObjectAlarm(ledger)).toBe(true);
  expect(await runDurableObjectAlarm(ledger)).toBe(false);
});

test("a settlement that arrives twice, or after the place was given back, counts once", async () => {
  const ledger = await freshLedger(LIMITS);
  const [settledTwice, givenBack] = [reserveCall({ maxTokens: 30 }), reserveCall({ maxTokens: 30 })];
  for (const { reservationId } of [settledTwice, givenBack]) {
    await ledger.reserve({ ...reserveCall({ maxTokens: 30 }), reservationId });
  }
  await ledger.settle(settledTwice.reservationId, used(10, 5));
  await ledger.settle(settledTwice.reservationId, used(10, 5));
  await ledger.settle(settledTwice.reservationId, used(0, 0));
  await ledger.settle(givenBack.reservationId, used(0, 0));
  await ledger.settle(givenBack.reservationId, used(10, 30));
  expect(await account(ledger)).toEqual({ ...used(10, 5), requests: 2, running: 0 });
});
