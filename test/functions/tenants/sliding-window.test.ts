import { describe, expect, test } from "vitest";
import { SlidingWindow } from "../../../functions/tenants/sliding-window.ts";

const MINUTE_MS = 60_000;
const limits = { requests: 3, tokens: 100 };

function windowOf(...entries: [id: string, atMs: number, tokens: number][]): SlidingWindow {
  const window = new SlidingWindow(MINUTE_MS);
  for (const entry of entries) window.add(...entry);
  return window;
}

describe("a sliding minute", () => {
  test("an entry counts until 60 s after its stamp, not a millisecond longer", () => {
    const window = windowOf(["a", 1_000, 10]);
    expect(window.usage(60_999)).toEqual({ requests: 1, tokens: 10 });
    expect(window.usage(61_000)).toEqual({ requests: 0, tokens: 0 });
  });

  test("never holds more than its limit in any 60 s, whatever the times", () => {
    const window = new SlidingWindow(MINUTE_MS);
    const admitted: number[] = [];
    let state = 12345;
    for (let nowMs = 0; nowMs < 600_000; nowMs += state % 4_000) {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      if (window.waitsMs(nowMs, limits, 1).requests > 0) continue;
      window.add(String(nowMs), nowMs, 1);
      admitted.push(nowMs);
    }
    expect(admitted.length).toBeGreaterThan(25);
    for (const start of admitted) {
      const inside = admitted.filter((at) => at >= start && at < start + MINUTE_MS);
      expect(inside.length).toBeLessThanOrEqual(limits.requests);
    }
    // Nor less than it may: a full window admits again the moment that its oldest entry leaves.
    expect(window.waitsMs(admitted.at(-3)! + MINUTE_MS, limits, 1).requests).toBe(0);
  });

  test("waits exactly until enough requests and enough tokens have left", () => {
    const window = windowOf(["a", 0, 30], ["b", 10_000, 30], ["c", 20_000, 30]);
    expect(window.waitsMs(20_000, limits, 10)).toEqual({ requests: 40_000, tokens: 0 });
    expect(window.waitsMs(20_000, limits, 41)).toEqual({ requests: 40_000, tokens: 50_000 });
    expect(window.waitsMs(20_000, limits, 101).tokens).toBe(Number.POSITIVE_INFINITY);
  });

  test("an amended entry frees tokens at once but stays a request", () => {
    const window = windowOf(["a", 0, 90]);
    window.amend("a", 20);
    expect(window.usage(1)).toEqual({ requests: 1, tokens: 20 });
    expect(window.usage(MINUTE_MS)).toEqual({ requests: 0, tokens: 0 });
  });

  test("amending an entry that has left changes nothing", () => {
    const window = windowOf(["a", 0, 90], ["b", 1, 5]);
    expect(window.usage(MINUTE_MS).tokens).toBe(5);
    window.amend("a", 50);
    expect(window.usage(MINUTE_MS).tokens).toBe(5);
  });

  test("is full again when the newest entry has left", () => {
    const window = windowOf(["a", 0, 50], ["b", 30_000, 0]);
    expect(window.resetsMs(40_000)).toEqual({ requests: 50_000, tokens: 20_000 });
    expect(window.resetsMs(90_000)).toEqual({ requests: 0, tokens: 0 });
  });

  test("refuses a stamp from before the newest", () => {
    expect(() => windowOf(["a", 10, 1]).add("b", 9, 1)).toThrow(RangeError);
  });
});
