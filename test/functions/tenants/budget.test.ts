import { evictDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { freshLedger, reserveCall } from "./fresh-ledger.ts";

// The tests' prices: 1 millionth a prompt token, 0.25 a cached one, 2.5 a completion token.
const WIDE = { requestsPerMinute: 1_000, tokensPerMinute: 100_000, concurrency: 1_000 };
const LATE_MS = Date.UTC(2031, 0, 31, 23);
const NEXT_MONTH_MS = Date.UTC(2031, 1, 1);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(LATE_MS);
});
afterEach(() => void vi.useRealTimers());

test("a month's money is never overdrawn, and every millionth of it can be spent", async () => {
  const ledger = await freshLedger({ ...WIDE, budgetMicrosPerMonth: 1_000 });
  // 10 + 25 millionths each.
  const calls = Array.from({ length: 40 }, () => reserveCall({ promptTokens: 10, maxTokens: 10 }));
  const answers = await Promise.all(calls.map((call) => ledger.reserve(call)));
  expect(answers.filter(({ outcome }) => outcome === "admitted")).toHaveLength(28);
  expect(answers.at(-1)).toMatchObject({
    outcome: "limited",
    kind: "month",
    limit: 1_000,
    remaining: 20,
    retryAfterMs: 1_000,
  });

  for (const call of calls) await ledger.settle(call.reservationId, { promptTokens: 10, completionTokens: 9 });
  // 28 × ⌈32.5⌉ millionths are spent.
  expect(await ledger.describe()).toMatchObject({ now: { microsThisMonth: 924 } });
  expect(await ledger.reserve(reserveCall({ promptTokens: 2, maxTokens: 30 }))).toMatchObject({
    outcome: "limited",
    kind: "budget",
    remaining: 76,
    retryAfterMs: NEXT_MONTH_MS - LATE_MS,
  });
  expect(await ledger.reserve(reserveCall({ promptTokens: 1, maxTokens: 30 }))).toMatchObject({ outcome: "admitted" });

  vi.setSystemTime(NEXT_MONTH_MS);
  expect(await ledger.describe()).toMatchObject({ now: { microsThisMonth: 0 } });
  expect(await ledger.reserve(reserveCall({ promptTokens: 1_000, maxTokens: 0 }))).toMatchObject({
    outcome: "admitted",
  });
});

test("a generation that runs over the end of a month is paid by the month it was admitted in", async () => {
  const ledger = await freshLedger({ ...WIDE, budgetMicrosPerMonth: 100 });
  vi.setSystemTime(NEXT_MONTH_MS - 1);
  const call = reserveCall({ promptTokens: 50, maxTokens: 20 });
  await ledger.reserve(call);
  vi.setSystemTime(NEXT_MONTH_MS);
  expect(await ledger.reserve(reserveCall({ promptTokens: 100, maxTokens: 0 }))).toMatchObject({ outcome: "admitted" });
  await ledger.settle(call.reservationId, { promptTokens: 50, completionTokens: 20 });
  expect((await ledger.usage("2031-01-31", "2031-02-01")).usage).toMatchObject([
    { day: "2031-01-31", costMicros: 100 },
  ]);
});

test("an absent max_tokens shrinks to what the month's money buys, now and in a new incarnation", async () => {
  const ledger = await freshLedger({ ...WIDE, budgetMicrosPerMonth: 1_000 });
  const { maxTokens: _, ...generation } = reserveCall({ promptTokens: 100 }).generation!;
  const call = { ...reserveCall(), generation };
  expect(await ledger.reserve(call)).toMatchObject({ outcome: "admitted", maxTokens: 360 });
  await ledger.settle(call.reservationId, { promptTokens: 100, completionTokens: 0 });
  await evictDurableObject(ledger);
  expect(await ledger.reserve({ ...reserveCall(), generation })).toMatchObject({ outcome: "admitted", maxTokens: 320 });
});

test("tokens of a prefix cache count for limits as any others, and are priced apart", async () => {
  const ledger = await freshLedger({ ...WIDE, tokensPerDay: 1_000 });
  const call = reserveCall({ promptTokens: 100, maxTokens: 10 });
  await ledger.reserve(call);
  await ledger.settle(call.reservationId, { promptTokens: 100, cachedTokens: 80, completionTokens: 4 });
  expect(await ledger.describe()).toMatchObject({ now: { tokensToday: 104, microsThisMonth: 20 + 20 + 10 } });
  expect((await ledger.usage("2031-01-31", "2031-01-31")).usage).toMatchObject([
    { promptTokens: 100, cachedTokens: 80, completionTokens: 4, costMicros: 50 },
  ]);
});

test("80 and 95 % of a budget or a day are alerts, of the tenant and of the key", async () => {
  const ledger = await freshLedger({ ...WIDE, budgetMicrosPerMonth: 1_000, tokensPerDay: 10_000 });
  const [key] = await ledger.listKeys();
  await ledger.changeKey(key!.id, { limits: { tokensPerDay: 840, budgetMicrosPerMonth: 2_000 } });
  await ledger.reserve(reserveCall({ promptTokens: 799, maxTokens: 0 }));
  const nearlyDay = { limit: "tokensPerDay", percent: 95, used: 799, of: 840, keyId: key!.id };
  expect((await ledger.describe())!.alerts).toEqual([nearlyDay]);
  await ledger.reserve(reserveCall({ promptTokens: 1, maxTokens: 0 }));
  expect((await ledger.describe())!.alerts).toEqual([
    { limit: "budgetMicrosPerMonth", percent: 80, used: 800, of: 1_000, keyId: null },
    { ...nearlyDay, used: 800 },
  ]);
});
