import { describe, expect, test } from "vitest";
import { goDuration, limitMessage, rateHeaders, retryHeaders } from "../../../functions/tenants/rate-headers.ts";
import type { RateState } from "../../../functions/tenants/reservation.ts";

test.each([
  [0, "0s"],
  [120, "120ms"],
  [1_200, "1.2s"],
  [59_998, "59.998s"],
  [60_000, "1m0s"],
  [361_000, "6m1s"],
  [3_600_000, "1h0m0s"],
])("%i ms is %s in Go's words", (durationMs, text) => {
  expect(goDuration(durationMs)).toBe(text);
});

describe("the time to try again", () => {
  test("is whole seconds, rounded up, and exact milliseconds", () => {
    expect(retryHeaders(1_200)).toEqual({ "retry-after": "2", "retry-after-ms": "1200" });
    expect(retryHeaders(60_000)).toEqual({ "retry-after": "60", "retry-after-ms": "60000" });
  });

  test("over a minute is not worth an SDK's sleep", () => {
    expect(retryHeaders(60_001)["x-should-retry"]).toBe("false");
  });

  test("is in the message, with the limit and what is left of it", () => {
    expect(limitMessage({ who: "tenant", kind: "tokens", limit: 500, remaining: 20, retryAfterMs: 1_200 })).toBe(
      "Rate limit reached: 500 tokens per minute, 20 left. Please try again in 1.2s.",
    );
    expect(limitMessage({ who: "tenant", kind: "quota", limit: 9, remaining: 1, retryAfterMs: 3_600_000 })).toBe(
      "You exceeded your current quota: 9 tokens per day (UTC), 1 left. Please try again in 1h0m0s.",
    );
    expect(
      limitMessage({ who: "key", kind: "budget", limit: 12_500_000, remaining: 250_000, retryAfterMs: 1_000 }),
    ).toBe(
      "You exceeded your current quota for this key: 12.5 of budget per month (UTC), 0.25 left. Please try again in 1s.",
    );
  });
});

const minute = { windowMs: 60_000, resetMs: 0 };
const rates = {
  limitRequests: 50,
  limitTokens: 1000,
  remainingRequests: 20,
  remainingTokens: 900,
  resetRequestsMs: 6_400,
  resetTokensMs: 0,
  allowances: [
    { ...minute, name: "requests", unit: "requests", limit: 50, remaining: 20, resetMs: 6_400 },
    { ...minute, name: "tokens", unit: "tokens", limit: 1000, remaining: 900 },
  ],
} satisfies RateState;

test("the minute is told in OpenAI's words and in the IETF's", () => {
  expect(rateHeaders(rates)).toEqual({
    "x-ratelimit-limit-requests": "50",
    "x-ratelimit-limit-tokens": "1000",
    "x-ratelimit-remaining-requests": "20",
    "x-ratelimit-remaining-tokens": "900",
    "x-ratelimit-reset-requests": "6.4s",
    "x-ratelimit-reset-tokens": "0s",
    "ratelimit-policy": '"requests";q=50;w=60, "tokens";q=1000;qu="tokens";w=60',
    ratelimit: '"requests";r=20;t=7, "tokens";r=900;t=0',
  });
});

test("a day with a limit, and a key's own, are policies of their own", () => {
  const day = {
    name: "day",
    unit: "tokens",
    windowMs: 86_400_000,
    limit: 5000,
    remaining: 12,
    resetMs: 3_600_000,
  } as const;
  const own = { ...minute, name: "key-requests", unit: "requests", limit: 3, remaining: 1, resetMs: 1 } as const;
  const headers = rateHeaders({ ...rates, allowances: [...rates.allowances, day, own] });
  expect(headers["ratelimit-policy"]).toMatch(/, "day";q=5000;qu="tokens";w=86400, "key-requests";q=3;w=60$/);
  expect(headers.ratelimit).toMatch(/, "day";r=12;t=3600, "key-requests";r=1;t=1$/);
});
