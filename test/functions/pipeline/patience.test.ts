import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Patience } from "../../../functions/pipeline/patience.ts";

const LIMIT_MS = 20_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "setTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** Fails again and again, each try after `tryMs`; how many tries there were after the first, and how long all took. */
async function failing(patience: Patience, tryMs: number): Promise<{ tries: number; tookMs: number }> {
  const startMs = Date.now();
  for (let tries = 0; ; tries++) {
    vi.setSystemTime(Date.now() + tryMs);
    const another = patience.another();
    await vi.runAllTimersAsync();
    if (!(await another)) return { tries, tookMs: Date.now() - startMs };
  }
}

test("tries that fail at once are as many as the time allows, and not many a second", async () => {
  const { tries, tookMs } = await failing(new Patience(LIMIT_MS), 0);
  expect(tookMs).toBeGreaterThanOrEqual(LIMIT_MS);
  expect(tries).toBeGreaterThan(LIMIT_MS / 1000);
  expect(tries).toBeLessThan(2 * (LIMIT_MS / 1000));
});

test("slow tries end after the same time", async () => {
  const { tries, tookMs } = await failing(new Patience(LIMIT_MS), 6_000);
  expect(tries).toBe(4);
  expect(tookMs).toBeLessThan(LIMIT_MS + 2 * 6_000);
});

test("a first failure has all the time, however long everything went well before", async () => {
  const patience = new Patience(LIMIT_MS);
  vi.setSystemTime(Date.now() + 10 * LIMIT_MS);
  expect((await failing(patience, 0)).tookMs).toBeGreaterThanOrEqual(LIMIT_MS);
});

test("progress between failures begins a new count, of the time and of the pauses", async () => {
  const patience = new Patience(LIMIT_MS);
  for (let loss = 0; loss < 50; loss++) {
    const another = patience.another();
    const startMs = Date.now();
    await vi.runAllTimersAsync();
    expect(await another).toBe(true);
    expect(Date.now() - startMs).toBeLessThan(100);
    vi.setSystemTime(Date.now() + 1_000);
    patience.renew();
  }
});
