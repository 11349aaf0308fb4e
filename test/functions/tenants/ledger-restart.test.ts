import { evictDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { freshLedger, reserveCall } from "./fresh-ledger.ts";

test("a new incarnation knows keys, limits, the minute and the places taken", async () => {
  const ledger = await freshLedger({ requestsPerMinute: 3, tokensPerMinute: 100, concurrency: 2 });
  const [running, settled] = [reserveCall(), reserveCall({ promptTokens: 30, maxTokens: 10 })];
  await ledger.reserve(running);
  await ledger.reserve(settled);
  await ledger.settle(settled.reservationId, { promptTokens: 30, completionTokens: 3 });

  await evictDurableObject(ledger);

  expect(await ledger.reserve(reserveCall({ promptTokens: 1, maxTokens: 1 }))).toMatchObject({
    outcome: "admitted",
    rates: { limitRequests: 3, remainingRequests: 0, limitTokens: 100, remainingTokens: 100 - 20 - 33 - 2 },
  });
  await ledger.settle(running.reservationId, { promptTokens: 0, completionTokens: 0 });
  expect(await ledger.reserve(reserveCall())).toMatchObject({
    outcome: "limited",
    kind: "requests",
    rates: { remainingTokens: 65 },
  });
});

test("a tenant without a key lets nobody in", async () => {
  const ledger = await freshLedger({});
  expect(await ledger.reserve({ ...reserveCall(), secretSha256: "6".repeat(64) })).toEqual({ outcome: "unknown_key" });
});
