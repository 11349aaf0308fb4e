import { describe, expect, test } from "vitest";
import { goDuration, limitMessage, retryHeaders } from "../../../functions/tenants/rate-headers.ts";

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

  test("is in the message", () => {
    expect(limitMessage("tokens", 500, 1_200)).toBe(
      "Rate limit reached: 500 tokens per minute. Please try again in 1.2s.",
    );
    expect(limitMessage("concurrency", 2, 1_000)).toContain("2 requests at the same time");
  });
});
