import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { freshLedger, reserveCall } from "./fresh-ledger.ts";

const WIDE = { tokensPerMinute: 1_000_000, concurrency: 1_000 };

// Only dates: the timers of the runtime go on.
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

test("200 concurrent reservations against 50 a minute: exactly 50, and 50 more when the minute has slid on", async () => {
  const ledger = await freshLedger({ ...WIDE, requestsPerMinute: 50 });
  const startMs = Math.ceil(Date.now() / 60_000) * 60_000 + 59_900;
  const admitted: Record<number, number> = {};
  // Bursts on both sides of a minute of the clock, and around the moment when the first burst leaves.
  for (const afterMs of [0, 50, 200, 30_000, 59_999, 60_000, 60_050, 60_200, 119_999, 120_000]) {
    vi.setSystemTime(startMs + afterMs);
    const answers = await Promise.all(Array.from({ length: 200 }, () => ledger.reserve(reserveCall())));
    admitted[afterMs] = answers.filter(({ outcome }) => outcome === "admitted").length;
  }
  const none = { 50: 0, 200: 0, 30000: 0, 59999: 0, 60050: 0, 60200: 0, 119999: 0 };
  expect(admitted).toEqual({ ...none, 0: 50, 60000: 50, 120000: 50 });
});

test("the refusal says how long until this request fits", async () => {
  const ledger = await freshLedger({ ...WIDE, requestsPerMinute: 1 });
  const startMs = Date.now();
  vi.setSystemTime(startMs);
  await ledger.reserve(reserveCall());
  vi.setSystemTime(startMs + 12_345);
  expect(await ledger.reserve(reserveCall())).toMatchObject({
    outcome: "limited",
    kind: "requests",
    retryAfterMs: 47_655,
    rates: { limitRequests: 1, remainingRequests: 0, resetRequestsMs: 47_655 },
  });
});

test("a clock set back does not stretch the minute", async () => {
  const ledger = await freshLedger({ ...WIDE, requestsPerMinute: 1 });
  const startMs = Date.now();
  vi.setSystemTime(startMs);
  await ledger.reserve(reserveCall());
  vi.setSystemTime(startMs - 3_600_000);
  expect(await ledger.reserve(reserveCall())).toMatchObject({ outcome: "limited", retryAfterMs: 60_000 });
});
