import { describe, expect, test } from "vitest";
import { grantTokens } from "../../../functions/tenants/grant.ts";
import { DEFAULT_LIMITS, type TenantLimits } from "../../../functions/tenants/limits.ts";
import { ALL_LEFT, PRICES } from "./fresh-ledger.ts";

const limits: TenantLimits = { ...DEFAULT_LIMITS, tokensPerMinute: 2000, maxOutputTokens: 1500 };

type Asked = Parameters<typeof grantTokens>[0];
const grant = (asked: Asked, under: TenantLimits, leftTokens = ALL_LEFT.tokens) =>
  grantTokens(asked, under, PRICES, { ...ALL_LEFT, tokens: leftTokens });

describe("granted max_tokens", () => {
  test.each([
    ["the default when there is room", { promptTokens: 10, roomTokens: 8000 }, 1024],
    ["the room in the context", { promptTokens: 10, roomTokens: 300 }, 300],
    ["what a whole minute of tokens leaves", { promptTokens: 1900, roomTokens: 8000 }, 100],
    ["what was asked for", { promptTokens: 10, roomTokens: 8000, maxTokens: 1500 }, 1500],
  ])("are %s", (_, generation, maxTokens) => {
    expect(grant(generation, limits)).toEqual({ maxTokens });
  });

  test("are the tenant's most when that is less than the default", () => {
    expect(grant({ promptTokens: 10, roomTokens: 8000 }, { ...limits, maxOutputTokens: 20 })).toEqual({
      maxTokens: 20,
    });
  });

  test("are refused when no moment could admit them", () => {
    expect(grant({ promptTokens: 600, roomTokens: 8000, maxTokens: 1401 }, limits)).toEqual({
      reason: "tokens",
      limit: 2000,
    });
    expect(grant({ promptTokens: 600, roomTokens: 8000, maxTokens: 1400 }, limits)).toEqual({ maxTokens: 1400 });
    expect(grant({ promptTokens: 2000, roomTokens: 8000 }, limits)).toEqual({ reason: "tokens", limit: 2000 });
    expect(grant({ promptTokens: 1, roomTokens: 8000, maxTokens: 1501 }, limits)).toEqual({
      reason: "output",
      limit: 1500,
    });
  });

  test("fit the tenant's context", () => {
    const short = { ...limits, maxContextTokens: 100 };
    expect(grant({ promptTokens: 90, roomTokens: 8000 }, short)).toEqual({ maxTokens: 10 });
    expect(grant({ promptTokens: 90, roomTokens: 8000, maxTokens: 11 }, short)).toEqual({
      reason: "context",
      limit: 100,
    });
  });

  test("fit what is left of the day unless they were asked for, which only a whole day refuses", () => {
    const daily = { ...limits, tokensPerDay: 500 };
    expect(grant({ promptTokens: 10, roomTokens: 8000 }, daily, 100)).toEqual({ maxTokens: 90 });
    expect(grant({ promptTokens: 10, roomTokens: 8000, maxTokens: 200 }, daily, 100)).toEqual({ maxTokens: 200 });
    expect(grant({ promptTokens: 301, roomTokens: 8000, maxTokens: 200 }, daily)).toEqual({
      reason: "quota",
      limit: 500,
    });
  });

  test("fit what is left of the month's money, to the last token, unless they were asked for", () => {
    const budget: TenantLimits = { ...limits, budgetMicrosPerMonth: 5000 };
    const within = (micros: number, asked: Partial<Asked>) =>
      grantTokens({ promptTokens: 100, roomTokens: 8000, ...asked }, budget, PRICES, { ...ALL_LEFT, micros });
    // 100 prompt tokens cost 100 millionths, a completion token 2.5.
    expect(within(350, {})).toEqual({ maxTokens: 100 });
    expect(within(349, {})).toEqual({ maxTokens: 99 });
    expect(within(350, { sequences: [60, 0, 40] })).toEqual({ maxTokens: 33 });
    expect(within(0, {})).toEqual({ maxTokens: 1 });
    expect(within(350, { maxTokens: 900 })).toEqual({ maxTokens: 900 });
    expect(within(5000, { maxTokens: 1500, promptTokens: 500 })).toEqual({ maxTokens: 1500 });
    const cheap: TenantLimits = { ...budget, budgetMicrosPerMonth: 4249 };
    expect(grant({ promptTokens: 500, roomTokens: 8000, maxTokens: 1500 }, cheap)).toEqual({
      reason: "budget",
      limit: 4249,
    });
  });
});
