import { evictDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { freshLedger, reserveCall } from "./fresh-ledger.ts";

const WIDE = { requestsPerMinute: 10_000, tokensPerMinute: 1_000_000, concurrency: 1_000 };
const today = () => new Date().toISOString().slice(0, 10);

test("what a user's sequences took is added up, also when the ledger woke in between", async () => {
  const ledger = await freshLedger(WIDE);
  const call = reserveCall({ labels: { "": "ann" }, promptTokens: 10, sequences: [10, 0], maxTokens: 8 });
  await ledger.reserve(call);
  await ledger.settle(call.reservationId, { promptTokens: 10, cachedTokens: 4, completionTokens: 3 });
  await evictDurableObject(ledger);
  await ledger.settle(`${call.reservationId}/1`, { promptTokens: 10, completionTokens: 5 });
  const sums = { requests: 1, promptTokens: 10, cachedTokens: 4, completionTokens: 8, costMicros: 28 };
  expect(await ledger.usageByLabel("users", today(), today())).toEqual([
    // 6 + 4 × 0.25 + 3 × 2.5 millionths, and 5 × 2.5, each rounded up.
    { day: today(), name: "", value: "ann", ...sums },
  ]);
});

test("a day tells 500 users apart; whom it does not know by then is among the others", async () => {
  const ledger = await freshLedger(WIDE);
  const use = async (user: string) => {
    const call = reserveCall({ labels: { "": user }, promptTokens: 1, maxTokens: 0 });
    await ledger.reserve(call);
    await ledger.settle(call.reservationId, { promptTokens: 1, completionTokens: 0 });
  };
  await Promise.all(Array.from({ length: 502 }, (_, index) => use(`user-${index}`)));
  await use("user-3");
  const users = await ledger.usageByLabel("users", today(), today());
  expect(users).toHaveLength(501);
  expect(users.find(({ value }) => value === "")).toMatchObject({ requests: 2, promptTokens: 2 });
  expect(users.find(({ value }) => value === "user-3")).toMatchObject({ requests: 2 });
});

test("so it does with metadata, apart from users and also after the ledger slept", async () => {
  const ledger = await freshLedger(WIDE);
  const use = async (labels: Record<string, string>) => {
    const call = reserveCall({ labels, promptTokens: 1, maxTokens: 0 });
    await ledger.reserve(call);
    await ledger.settle(call.reservationId, { promptTokens: 1, completionTokens: 0 });
  };
  await Promise.all(Array.from({ length: 499 }, (_, index) => use({ team: `team-${index}` })));
  await evictDurableObject(ledger);
  await use({ "": "ann", project: "a", team: "one too many", more: "one more" });
  await use({ team: "team-3" });
  const rows = await ledger.usageByLabel("metadata", today(), today());
  expect(rows).toHaveLength(501);
  const requestsOf = (name: string, value: string) =>
    rows.find((row) => row.name === name && row.value === value)?.requests;
  expect([requestsOf("project", "a"), requestsOf("team", "team-3"), requestsOf("…", "")]).toEqual([1, 2, 2]);
  expect(await ledger.usageByLabel("users", today(), today())).toMatchObject([{ value: "ann", requests: 1 }]);
});
