import { evictDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { grantTokens } from "../../../functions/tenants/grant.ts";
import { DEFAULT_LIMITS, type TenantLimits } from "../../../functions/tenants/limits.ts";
import { sequenceReservation } from "../../../functions/tenants/reservation.ts";
import { ALL_LEFT, freshLedger, PRICES, reserveCall } from "./fresh-ledger.ts";

const LIMITS = { requestsPerMinute: 10, tokensPerMinute: 1_000, concurrency: 6 };

/** Two prompts of 20 and 30 tokens with two choices each, of at most 10 tokens. */
const four = () => reserveCall({ promptTokens: 50, sequences: [20, 0, 30, 0], maxTokens: 10 });

test("a request of four sequences is one request, four places, both prompts once and every answer's tokens", async () => {
  const ledger = await freshLedger(LIMITS);
  expect(await ledger.reserve(four())).toMatchObject({
    outcome: "admitted",
    maxTokens: 10,
    rates: { remainingRequests: 9, remainingTokens: 1_000 - 50 - 4 * 10 },
  });
  expect(await ledger.describe()).toMatchObject({ now: { requestsThisMinute: 1, tokensThisMinute: 90, running: 4 } });
  const refused = await ledger.reserve(reserveCall({ promptTokens: 3, sequences: [3, 0, 0], maxTokens: 1 }));
  expect(refused).toMatchObject({ outcome: "limited", kind: "concurrency", limit: 6, remaining: 2 });
  const fits = reserveCall({ promptTokens: 3, sequences: [3, 0], maxTokens: 1 });
  expect(await ledger.reserve(fits)).toMatchObject({ outcome: "admitted" });
});

test("each sequence settles by itself, once, and a prompt is charged to the first of its choices alone", async () => {
  const ledger = await freshLedger(LIMITS);
  const call = four();
  await ledger.reserve(call);
  const settle = (index: number, promptTokens: number, completionTokens: number) =>
    ledger.settle(sequenceReservation(call.reservationId, index), { promptTokens, completionTokens });
  await settle(0, 20, 4);
  await settle(1, 20, 5);
  await settle(1, 20, 9);
  expect(await ledger.describe()).toMatchObject({ now: { tokensThisMinute: 20 + 4 + 5 + 40 + 10, running: 2 } });
  await evictDurableObject(ledger);
  await settle(2, 30, 6);
  await settle(3, 30, 99);
  expect(await ledger.describe()).toMatchObject({
    now: { requestsThisMinute: 1, tokensThisMinute: 20 + 4 + 5 + 30 + 6 + 10, running: 0 },
  });
  const today = new Date().toISOString().slice(0, 10);
  expect((await ledger.usage(today, today)).usage).toMatchObject([
    { requests: 1, promptTokens: 50, completionTokens: 4 + 5 + 6 + 10 },
  ]);
});

describe("max_tokens of several sequences", () => {
  const limits = { ...DEFAULT_LIMITS, tokensPerMinute: 1000, maxContextTokens: 300 };
  const asked = { promptTokens: 100, sequences: [60, 0, 40, 0], roomTokens: 8000 };
  const grant = (fields: { maxTokens?: number }, under: TenantLimits) =>
    grantTokens({ ...asked, ...fields }, under, PRICES, ALL_LEFT);

  test("fill what the prompts leave of a minute, in equal parts", () => {
    expect(grant({}, limits)).toEqual({ maxTokens: 225 });
    expect(grant({ maxTokens: 225 }, limits)).toEqual({ maxTokens: 225 });
    expect(grant({ maxTokens: 226 }, limits)).toEqual({ reason: "tokens", limit: 1000 });
  });

  test("keep the longest prompt's answers within the tenant's context", () => {
    expect(grant({}, { ...limits, tokensPerMinute: 9000 })).toEqual({ maxTokens: 240 });
    expect(grant({ maxTokens: 241 }, { ...limits, tokensPerMinute: 9000 })).toEqual({
      reason: "context",
      limit: 300,
    });
  });

  test("are impossible with more sequences than may ever run at the same time", () => {
    expect(grant({ maxTokens: 1 }, { ...limits, concurrency: 3 })).toEqual({
      reason: "concurrency",
      limit: 3,
    });
  });
});
