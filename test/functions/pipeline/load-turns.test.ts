import { afterEach, expect, test, vi } from "vitest";
import { LoadTurns } from "../../../functions/pipeline/load-turns.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Loads that begin and end when they are told to. */
function loads(turns: LoadTurns, count: number) {
  const begun: number[] = [];
  const ends = Array.from({ length: count }, () => Promise.withResolvers<void>());
  const done = ends.map(({ promise }, index) =>
    turns.run(async () => {
      begun.push(index);
      await promise;
      return index;
    }),
  );
  return { begun, ends, done };
}

test("a few go on at once, in the order they came; one that ends or fails lets in the next", async () => {
  vi.useFakeTimers();
  const { begun, ends, done } = loads(new LoadTurns(), 11);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  ends[5]!.resolve();
  expect(await done[5]).toBe(5);
  ends[2]!.reject(new Error("a wrong file"));
  await expect(done[2]).rejects.toThrow("a wrong file");
  await vi.advanceTimersByTimeAsync(100);
  expect(begun.slice(8)).toEqual([8, 9]);
});

test("an object that is gone keeps no turn", async () => {
  vi.useFakeTimers();
  const turns = new LoadTurns();
  // Its timers ended with it.
  vi.spyOn(globalThis, "setInterval").mockImplementation(() => undefined as never);
  loads(turns, 8);
  vi.restoreAllMocks();
  const { begun } = loads(turns, 1);
  await vi.advanceTimersByTimeAsync(1000);
  expect(begun).toEqual([]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(begun).toEqual([0]);
});
