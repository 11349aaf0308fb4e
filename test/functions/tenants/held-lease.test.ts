import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { holdLease } from "../../../functions/pipeline/settlement.ts";
import { sequenceReservation } from "../../../functions/tenants/reservation.ts";
import { freshLedger, reserveCall } from "./fresh-ledger.ts";

const LIMITS = { requestsPerMinute: 1_000, tokensPerMinute: 100_000, concurrency: 3 };
const SECOND_MS = 1_000;
/** Longer than any lease that is not held. */
const LONG_S = 1_200;
const USED = { promptTokens: 10, completionTokens: 5 };

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"] }));
afterEach(() => void vi.useRealTimers());

/** What was charged until now. */
async function charged(ledger: Awaited<ReturnType<typeof freshLedger>>) {
  const { usage } = await ledger.usage("2000-01-01", "2999-01-01");
  return usage.reduce((sum, row) => sum + row.promptTokens + row.completionTokens, 0);
}

test("a generation that its conductor holds keeps its place however long it takes, and is charged", async () => {
  const ledger = await freshLedger(LIMITS);
  const call = reserveCall();
  await ledger.reserve(call);
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const held = holdLease(env.LEDGER, ledger.name!, call.reservationId, over);
  for (let second = 0; second < LONG_S; second++) {
    vi.advanceTimersByTime(SECOND_MS);
    if (second % 20 === 0) await runDurableObjectAlarm(ledger);
  }
  expect(await ledger.describe()).toMatchObject({ now: { running: 1 } });
  end();
  await held;
  expect(vi.getTimerCount()).toBe(0);
  await ledger.settle(call.reservationId, USED);
  expect(await charged(ledger)).toBe(15);
});

test("what nobody holds any more is out a while later", async () => {
  const ledger = await freshLedger(LIMITS);
  const call = reserveCall();
  await ledger.reserve(call);
  vi.advanceTimersByTime(50 * SECOND_MS);
  await ledger.hold(call.reservationId);
  vi.advanceTimersByTime(89 * SECOND_MS);
  expect(await ledger.describe()).toMatchObject({ now: { running: 1 } });
  vi.advanceTimersByTime(SECOND_MS);
  expect(await ledger.describe()).toMatchObject({ now: { running: 0 } });
  await ledger.hold(call.reservationId);
  expect(await ledger.describe()).toMatchObject({ now: { running: 0 } });
});

test("sequences that wait for others of their request are held with them, other requests are not", async () => {
  const ledger = await freshLedger(LIMITS);
  const [one, other] = [reserveCall({ sequences: [10, 0] }), reserveCall()];
  for (const call of [one, other]) await ledger.reserve(call);
  vi.advanceTimersByTime(60 * SECOND_MS);
  await ledger.hold(one.reservationId);
  vi.advanceTimersByTime(80 * SECOND_MS);
  expect(await ledger.describe()).toMatchObject({ now: { running: 2 } });
  await ledger.settle(sequenceReservation(one.reservationId, 1), { promptTokens: 0, completionTokens: 7 });
  expect(await charged(ledger)).toBe(7);
});

test("a named request that runs for long is not forgotten meanwhile", async () => {
  const ledger = await freshLedger(LIMITS);
  const call = { ...reserveCall(), named: { nameSha256: "a".repeat(64), bodySha256: "b".repeat(64) } };
  await ledger.reserve(call);
  for (let second = 0; second < LONG_S; second += 30) {
    vi.advanceTimersByTime(30 * SECOND_MS);
    await ledger.hold(call.reservationId);
  }
  const again = { ...call, reservationId: "another" };
  expect(await ledger.reserve(again)).toMatchObject({ outcome: "joined", reservationId: call.reservationId });
});
