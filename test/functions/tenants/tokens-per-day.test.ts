import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { freshLedger, reserveCall } from "./fresh-ledger.ts";

const NOON_MS = Date.UTC(2031, 4, 6, 12);
const MIDNIGHT_MS = Date.UTC(2031, 4, 7);
const WIDE = { requestsPerMinute: 1_000, tokensPerMinute: 100_000, concurrency: 1_000 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(NOON_MS);
});
afterEach(() => void vi.useRealTimers());

test("a day holds its tokens exactly, and the next day holds as many again", async () => {
  const ledger = await freshLedger({ ...WIDE, tokensPerDay: 1_000 });
  const calls = Array.from({ length: 80 }, () => reserveCall({ promptTokens: 20, maxTokens: 13 }));
  const answers = await Promise.all(calls.map((call) => ledger.reserve(call)));
  expect(answers.filter(({ outcome }) => outcome === "admitted")).toHaveLength(30);
  // Running generations may still give tokens back: that is worth waiting for.
  expect(answers.at(-1)).toMatchObject({ outcome: "limited", kind: "day", remaining: 10, retryAfterMs: 1_000 });

  for (const call of calls) await ledger.settle(call.reservationId, { promptTokens: 20, completionTokens: 13 });
  const late = await ledger.reserve(reserveCall({ promptTokens: 10, maxTokens: 1 }));
  expect(late).toMatchObject({ outcome: "limited", kind: "quota", remaining: 10, retryAfterMs: MIDNIGHT_MS - NOON_MS });
  expect(await ledger.reserve(reserveCall({ promptTokens: 9, maxTokens: 1 }))).toMatchObject({
    outcome: "admitted",
    rates: {
      allowances: [{}, {}, { name: "day", limit: 1_000, remaining: 0, resetMs: MIDNIGHT_MS - NOON_MS }],
    },
  });

  vi.setSystemTime(MIDNIGHT_MS);
  expect(await ledger.reserve(reserveCall({ promptTokens: 1, maxTokens: 999 }))).toMatchObject({ outcome: "admitted" });
});

test("a generation that runs over midnight counts for the day it was admitted on", async () => {
  const ledger = await freshLedger({ ...WIDE, tokensPerDay: 100 });
  vi.setSystemTime(MIDNIGHT_MS - 1);
  const call = reserveCall({ promptTokens: 50, maxTokens: 50 });
  await ledger.reserve(call);
  vi.setSystemTime(MIDNIGHT_MS);
  expect(await ledger.reserve(reserveCall({ promptTokens: 1, maxTokens: 99 }))).toMatchObject({ outcome: "admitted" });
  await ledger.settle(call.reservationId, { promptTokens: 50, completionTokens: 50 });
  const { usage } = await ledger.usage("2031-05-06", "2031-05-07");
  expect(usage).toMatchObject([{ day: "2031-05-06", requests: 1, promptTokens: 50, completionTokens: 50 }]);
});

test("an absent max_tokens shrinks to what the day has left", async () => {
  const ledger = await freshLedger({ ...WIDE, tokensPerDay: 100 });
  const { maxTokens: _, ...generation } = reserveCall({ promptTokens: 30 }).generation!;
  expect(await ledger.reserve({ ...reserveCall(), generation })).toMatchObject({ outcome: "admitted", maxTokens: 70 });
});

test("nearly all of a day raises an alert's numbers for the operator", async () => {
  const ledger = await freshLedger({ ...WIDE, tokensPerDay: 100 });
  await ledger.reserve(reserveCall({ promptTokens: 41, maxTokens: 40 }));
  expect(await ledger.describe()).toMatchObject({
    now: { tokensToday: 81, running: 1 },
    limits: { tokensPerDay: 100 },
  });
});
