import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { freshLedger, reserveCall } from "./fresh-ledger.ts";

const LIMITS = { requestsPerMinute: 1_000, tokensPerMinute: 100_000, concurrency: 2 };

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

test("takes as many generations as there are places, and one more when one settles", async () => {
  const ledger = await freshLedger(LIMITS);
  const calls = [reserveCall(), reserveCall(), reserveCall()];
  const outcomes = await Promise.all(calls.map(async (call) => (await ledger.reserve(call)).outcome));
  expect(outcomes).toEqual(["admitted", "admitted", "limited"]);
  await ledger.settle(calls[0]!.reservationId, { promptTokens: 1, completionTokens: 1 });
  expect(await ledger.reserve(reserveCall())).toMatchObject({ outcome: "admitted" });
  expect(await ledger.reserve(reserveCall())).toMatchObject({ outcome: "limited", kind: "concurrency", limit: 2 });
});

test("a request that generates nothing needs no place", async () => {
  const ledger = await freshLedger(LIMITS);
  await Promise.all([ledger.reserve(reserveCall()), ledger.reserve(reserveCall())]);
  const { generation: _, ...lookUp } = reserveCall();
  expect(await ledger.reserve(lookUp)).toMatchObject({ outcome: "admitted" });
});

test("a place whose settlement was lost is free when its lease is out, by alarm", async () => {
  const ledger = await freshLedger(LIMITS);
  const startMs = Date.now();
  vi.setSystemTime(startMs);
  const calls = [reserveCall({ maxTokens: 40 }), reserveCall({ maxTokens: 80 })];
  for (const call of calls) await ledger.reserve(call);

  vi.setSystemTime(startMs + 69_999);
  expect(await runDurableObjectAlarm(ledger)).toBe(true);
  expect(await ledger.reserve(reserveCall())).toMatchObject({ outcome: "limited", kind: "concurrency" });

  vi.setSystemTime(startMs + 70_000);
  expect(await runDurableObjectAlarm(ledger)).toBe(true);
  expect(await ledger.reserve(reserveCall())).toMatchObject({ outcome: "admitted" });
  expect(await ledger.reserve(reserveCall())).toMatchObject({ outcome: "limited", kind: "concurrency" });

  // The late settlement of a lease that is out frees nobody else's place.
  await ledger.settle(calls[0]!.reservationId, { promptTokens: 1, completionTokens: 1 });
  expect(await ledger.reserve(reserveCall())).toMatchObject({ outcome: "limited", kind: "concurrency" });
});

test("the alarm rests once nothing is left to forget", async () => {
  const ledger = await freshLedger(LIMITS);
  const call = reserveCall();
  await ledger.reserve(call);
  await ledger.settle(call.reservationId, { promptTokens: 1, completionTokens: 1 });
  vi.setSystemTime(Date.now() + 60_000);
  expect(await runDurableObjectAlarm(ledger)).toBe(true);
  expect(await runDurableObjectAlarm(ledger)).toBe(false);
});
