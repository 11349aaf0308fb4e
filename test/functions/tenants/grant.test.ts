import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../../../functions/tenants/limits.ts";
import { grantTokens } from "../../../functions/tenants/reservation.ts";

const limits = { ...DEFAULT_LIMITS, tokensPerMinute: 2000, maxOutputTokens: 1500 };

describe("granted max_tokens", () => {
  test.each([
    ["the default when there is room", { promptTokens: 10, roomTokens: 8000 }, 1024],
    ["the room in the context", { promptTokens: 10, roomTokens: 300 }, 300],
    ["what a whole minute of tokens leaves", { promptTokens: 1900, roomTokens: 8000 }, 100],
    ["what was asked for", { promptTokens: 10, roomTokens: 8000, maxTokens: 1500 }, 1500],
  ])("are %s", (_, generation, maxTokens) => {
    expect(grantTokens(generation, limits)).toEqual({ maxTokens });
  });

  test("are the tenant's most when that is less than the default", () => {
    expect(grantTokens({ promptTokens: 10, roomTokens: 8000 }, { ...limits, maxOutputTokens: 20 })).toEqual({
      maxTokens: 20,
    });
  });

  test("are refused when no moment could admit them", () => {
    expect(grantTokens({ promptTokens: 600, roomTokens: 8000, maxTokens: 1401 }, limits)).toEqual({
      reason: "tokens",
      limit: 2000,
    });
    expect(grantTokens({ promptTokens: 600, roomTokens: 8000, maxTokens: 1400 }, limits)).toEqual({ maxTokens: 1400 });
    expect(grantTokens({ promptTokens: 2000, roomTokens: 8000 }, limits)).toEqual({ reason: "tokens", limit: 2000 });
    expect(grantTokens({ promptTokens: 1, roomTokens: 8000, maxTokens: 1501 }, limits)).toEqual({
      reason: "output",
      limit: 1500,
    });
  });

  test("fit the tenant's context", () => {
    const short = { ...limits, maxContextTokens: 100 };
    expect(grantTokens({ promptTokens: 90, roomTokens: 8000 }, short)).toEqual({ maxTokens: 10 });
    expect(grantTokens({ promptTokens: 90, roomTokens: 8000, maxTokens: 11 }, short)).toEqual({
      reason: "context",
      limit: 100,
    });
  });

  test("fit what is left of the day unless they were asked for, which only a whole day refuses", () => {
    const daily = { ...limits, tokensPerDay: 500 };
    expect(grantTokens({ promptTokens: 10, roomTokens: 8000 }, daily, 400)).toEqual({ maxTokens: 90 });
    expect(grantTokens({ promptTokens: 10, roomTokens: 8000, maxTokens: 200 }, daily, 400)).toEqual({ maxTokens: 200 });
    expect(grantTokens({ promptTokens: 301, roomTokens: 8000, maxTokens: 200 }, daily)).toEqual({
      reason: "quota",
      limit: 500,
    });
  });
});
