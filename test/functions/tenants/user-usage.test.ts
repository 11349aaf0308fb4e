import { evictDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { freshLedger, reserveCall } from "./fresh-ledger.ts";

const WIDE = { requestsPerMinute: 10_000, tokensPerMinute: 1_000_000, concurrency: 1_000 };
const today = () => new Date().toISOString().slice(0, 10);

test("what a user's sequences took is added up, also when the ledger woke in between", async () => {
  const ledger = await freshLedger(WIDE);
  const call = reserveCall({ user: "ann", promptTokens: 10, sequences: [10, 0], maxTokens: 8 });
  await ledger.reserve(call);
  await ledger.settle(call.reservationId, { promptTokens: 10, cachedTokens: 4, completionTokens: 3 });
  await evictDurableObject(ledger);
  await ledger.settle(`${call.reservationId}/1`, { promptTokens: 10, completionTokens: 5 });
  expect(await ledger.usageOfUsers(today(), today())).toEqual([
    // 6 + 4 × 0.25 + 3 × 2.5 millionths, and 5 × 2.5, each rounded up.
    { day: today(), user: "ann", requests: 1, promptTokens: 10, cachedTokens: 4, completionTokens: 8, costMicros: 28 },
  ]);
});

test("a day tells 500 users apart; whom it does not know by then is among the others", async () => {
  const ledger = await freshLedger(WIDE);
  const use = async (user: string) => {
    const call = reserveCall({ user, promptTokens: 1, maxTokens: 0 });
    await ledger.reserve(call);
    await ledger.settle(call.reservationId, { promptTokens: 1, completionTokens: 0 });
  };
  await Promise.all(Array.from({ length: 502 }, (_, index) => use(`user-${index}`)));
  await use("user-3");
  const users = await ledger.usageOfUsers(today(), today());
  expect(users).toHaveLength(501);
  expect(users.find(({ user }) => user === "")).toMatchObject({ requests: 2, promptTokens: 2 });
  expect(users.find(({ user }) => user === "user-3")).toMatchObject({ requests: 2 });
});
