import { evictDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { freshLedger, reserveCall } from "./fresh-ledger.ts";

const NOW_MS = Date.UTC(2031, 4, 6, 12);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(NOW_MS);
});
afterEach(() => void vi.useRealTimers());

test("a raise holds until its moment, to the millisecond, also in a new incarnation", async () => {
  const ledger = await freshLedger({ requestsPerMinute: 1, tokensPerDay: 50 });
  const raise = { limits: { requestsPerMinute: 3, tokensPerDay: null }, expiresMs: NOW_MS + 30_000 };
  expect(await ledger.change({ raise })).toMatchObject({ raise, limits: { requestsPerMinute: 1, tokensPerDay: 50 } });
  await evictDurableObject(ledger);
  const ask = () => ledger.reserve(reserveCall({ promptTokens: 40, maxTokens: 10 }));
  await ask();
  vi.setSystemTime(NOW_MS + 29_999);
  expect(await ask()).toMatchObject({ outcome: "admitted", rates: { limitRequests: 3, remainingRequests: 1 } });
  vi.setSystemTime(NOW_MS + 30_000);
  expect(await ask()).toMatchObject({ outcome: "limited", kind: "requests", limit: 1, remaining: 0 });
  expect(await ledger.describe()).toMatchObject({ raise: null });
});

test("a raise takes nothing away, and ends when it is told to", async () => {
  const ledger = await freshLedger({ concurrency: 5 });
  await ledger.change({ raise: { limits: { concurrency: 2, maxOutputTokens: 9_000 }, expiresMs: NOW_MS + 1_000 } });
  const [long, sequences] = [{ maxTokens: 9_000 }, { promptTokens: 1, maxTokens: 1, sequences: [1, 0, 0, 0, 0] }];
  expect(await ledger.reserve(reserveCall(sequences))).toMatchObject({ outcome: "admitted" });
  expect(await ledger.reserve(reserveCall(long))).toMatchObject({ kind: "concurrency" });
  await ledger.change({ raise: null });
  expect(await ledger.reserve(reserveCall(long))).toMatchObject({
    outcome: "impossible",
    reason: "output",
    limit: 4_096,
  });
});
