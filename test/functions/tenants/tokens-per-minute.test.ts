import { expect, test } from "vitest";
import { freshLedger, reserveCall } from "./fresh-ledger.ts";

const WIDE = { requestsPerMinute: 1_000, concurrency: 1_000 };

test("concurrent reservations never hold more tokens than the limit, and every token that fits is given", async () => {
  const ledger = await freshLedger({ ...WIDE, tokensPerMinute: 1_000 });
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => ledger.reserve(reserveCall({ promptTokens: 20, maxTokens: 13 }))),
  );
  expect(answers.filter((answer) => answer.outcome === "admitted")).toHaveLength(30);
  expect(await ledger.reserve(reserveCall({ promptTokens: 5, maxTokens: 5 }))).toMatchObject({ outcome: "admitted" });
  expect(await ledger.reserve(reserveCall({ promptTokens: 1, maxTokens: 1 }))).toMatchObject({
    outcome: "limited",
    kind: "tokens",
    rates: { remainingTokens: 0 },
  });
});

test("settlement gives back what was not used, once", async () => {
  const ledger = await freshLedger({ ...WIDE, tokensPerMinute: 100 });
  const call = reserveCall({ promptTokens: 10, maxTokens: 90 });
  await ledger.reserve(call);
  expect(await ledger.reserve(reserveCall({ promptTokens: 10, maxTokens: 60 }))).toMatchObject({ outcome: "limited" });
  await ledger.settle(call.reservationId, { promptTokens: 10, completionTokens: 20 });
  await ledger.settle(call.reservationId, { promptTokens: 0, completionTokens: 0 });
  expect(await ledger.reserve(reserveCall({ promptTokens: 10, maxTokens: 61 }))).toMatchObject({ outcome: "limited" });
  expect(await ledger.reserve(reserveCall({ promptTokens: 10, maxTokens: 60 }))).toMatchObject({
    outcome: "admitted",
    rates: { remainingTokens: 0 },
  });
});

test("what was settled never counts for more than was reserved", async () => {
  const ledger = await freshLedger({ ...WIDE, tokensPerMinute: 100 });
  const call = reserveCall({ promptTokens: 10, maxTokens: 20 });
  await ledger.reserve(call);
  await ledger.settle(call.reservationId, { promptTokens: 10, completionTokens: 1_000 });
  expect(await ledger.reserve(reserveCall({ promptTokens: 10, maxTokens: 60 }))).toMatchObject({
    outcome: "admitted",
    rates: { remainingTokens: 0 },
  });
});

test("an absent max_tokens is granted and reserved", async () => {
  const ledger = await freshLedger({ ...WIDE, tokensPerMinute: 500 });
  const { maxTokens: _, ...generation } = reserveCall({ promptTokens: 100 }).generation!;
  expect(await ledger.reserve({ ...reserveCall(), generation })).toMatchObject({
    outcome: "admitted",
    maxTokens: 400,
    rates: { remainingTokens: 0 },
  });
});
