import { expect, test } from "vitest";
import { freshLedger, reserveCall } from "./fresh-ledger.ts";

test("a limit changed between concurrent requests holds for every request after it", async () => {
  const ledger = await freshLedger({ requestsPerMinute: 10, tokensPerMinute: 100_000, concurrency: 1_000 });
  const outcomes: string[] = [];
  const burst = () =>
    Array.from({ length: 100 }, async () => void outcomes.push((await ledger.reserve(reserveCall())).outcome));
  // RPC calls of one caller arrive in order, so the change lies between the two bursts.
  const first = burst();
  const change = ledger.change({ limits: { requestsPerMinute: 25 } });
  const second = burst();
  await Promise.all([...first, change, ...second]);
  expect(outcomes.slice(0, 100).filter((outcome) => outcome === "admitted")).toHaveLength(10);
  expect(outcomes.slice(100).filter((outcome) => outcome === "admitted")).toHaveLength(15);
});

test("fewer places than generations run lets nobody in until enough have settled", async () => {
  const ledger = await freshLedger({ concurrency: 3, tokensPerMinute: 100_000 });
  const calls = [reserveCall(), reserveCall(), reserveCall()];
  for (const call of calls) await ledger.reserve(call);
  await ledger.change({ limits: { concurrency: 1 } });
  for (const call of calls) {
    expect(await ledger.reserve(reserveCall())).toMatchObject({
      outcome: "limited",
      kind: "concurrency",
      remaining: 0,
    });
    await ledger.settle(call.reservationId, { promptTokens: 1, completionTokens: 1 });
  }
  expect(await ledger.reserve(reserveCall())).toMatchObject({ outcome: "admitted" });
});
