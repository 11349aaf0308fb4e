import { evictDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { KeyLimitChanges } from "../../../functions/tenants/limits.ts";
import { freshLedger, reserveCall, SECRET_SHA256 } from "./fresh-ledger.ts";

const WIDE = { requestsPerMinute: 10, tokensPerMinute: 1_000, concurrency: 10 };
const OWN_SHA256 = "7".repeat(64);
const ROTATED_SHA256 = "8".repeat(64);

/** A tenant whose second key has limits of its own. */
async function ledgerWithKey(limits: KeyLimitChanges) {
  const ledger = await freshLedger(WIDE);
  const { id } = (await ledger.addKey({ secretSha256: OWN_SHA256, label: "own", expiresMs: null, limits }))!;
  const own = (generation = {}) => ledger.reserve({ ...reserveCall(generation), secretSha256: OWN_SHA256 });
  return { ledger, id, own };
}

test("a key's own limit holds beside its tenant's, and is the one that headers tell", async () => {
  const { ledger, own } = await ledgerWithKey({ requestsPerMinute: 2, tokensPerDay: 500 });
  await own();
  expect(await own()).toMatchObject({
    outcome: "admitted",
    rates: { limitRequests: 2, remainingRequests: 0, limitTokens: 1_000, remainingTokens: 960 },
  });
  const refused = await own();
  expect(refused).toMatchObject({ outcome: "limited", who: "key", kind: "requests", limit: 2, remaining: 0 });
  const names = refused.outcome === "limited" && refused.rates.allowances.map(({ name }) => name);
  expect(names).toEqual(["requests", "tokens", "key-requests", "key-day"]);
  expect(await ledger.reserve(reserveCall())).toMatchObject({
    outcome: "admitted",
    rates: { limitRequests: 10, remainingRequests: 7 },
  });
});

test("a key may not have more than its tenant, whatever its own limits say", async () => {
  const { ledger, own } = await ledgerWithKey({ concurrency: 100, tokensPerMinute: 2_000 });
  expect(await own({ promptTokens: 600, maxTokens: 401 })).toMatchObject({ outcome: "impossible", limit: 1_000 });
  await ledger.reserve(reserveCall({ promptTokens: 600, maxTokens: 100 }));
  expect(await own({ promptTokens: 200, maxTokens: 101 })).toMatchObject({
    who: "tenant",
    kind: "tokens",
    remaining: 300,
  });
});

test("what could never fit the key is refused as what could never fit the tenant", async () => {
  const { own } = await ledgerWithKey({
    maxOutputTokens: 20,
    maxContextTokens: 50,
    concurrency: 1,
    allowedModels: ["b"],
  });
  expect(await own()).toEqual({ outcome: "model_not_allowed" });
  expect(await own({ model: "b", maxTokens: 21 })).toMatchObject({ reason: "output", limit: 20 });
  expect(await own({ model: "b", promptTokens: 45 })).toMatchObject({ reason: "context", limit: 50 });
  expect(await own({ model: "b", sequences: [10, 0] })).toMatchObject({ reason: "concurrency", limit: 1 });
  expect(await own({ model: "b" })).toMatchObject({ outcome: "admitted", allowedModels: ["b"] });
});

test("a limit set later counts what the key holds already, also in a new incarnation, until it is null again", async () => {
  const { ledger, id, own } = await ledgerWithKey({});
  await own();
  await own();
  await evictDurableObject(ledger);
  await ledger.changeKey(id, { limits: { concurrency: 2 } });
  expect(await own()).toMatchObject({ who: "key", kind: "concurrency", limit: 2, remaining: 0 });
  expect(await ledger.changeKey(id, { limits: { concurrency: null } })).toMatchObject({ now: { running: 2 } });
  expect(await own()).toMatchObject({ outcome: "admitted" });
});

test("a rotated key goes on with the limits, the minute and the day of the one before", async () => {
  const { ledger, id, own } = await ledgerWithKey({ requestsPerMinute: 3, tokensPerDay: 100 });
  const call = { ...reserveCall({ promptTokens: 30, maxTokens: 10 }), secretSha256: OWN_SHA256 };
  await ledger.reserve(call);
  await ledger.settle(call.reservationId, { promptTokens: 30, completionTokens: 10 });
  const rotated = await ledger.rotateKey(id, ROTATED_SHA256, 60_000);
  expect(rotated).toMatchObject({ replaces: id, limits: { requestsPerMinute: 3 }, now: { tokensToday: 40 } });
  await evictDurableObject(ledger);
  const withNew = (generation = {}) => ledger.reserve({ ...reserveCall(generation), secretSha256: ROTATED_SHA256 });
  expect(await withNew({ promptTokens: 31, maxTokens: 30 })).toMatchObject({
    who: "key",
    kind: "quota",
    remaining: 60,
  });
  expect(await withNew({ promptTokens: 10, maxTokens: 10 })).toMatchObject({ outcome: "admitted" });
  // In its grace the old one draws from the same minute.
  expect(await own({ promptTokens: 1, maxTokens: 1 })).toMatchObject({ outcome: "admitted" });
  expect(await withNew({ promptTokens: 1, maxTokens: 1 })).toMatchObject({ who: "key", kind: "requests" });
  expect((await ledger.listKeys()).map(({ rootId }) => rootId)).toEqual([`key_${SECRET_SHA256.slice(0, 16)}`, id, id]);
});
