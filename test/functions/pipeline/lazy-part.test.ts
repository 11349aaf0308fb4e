import { afterEach, expect, test, vi } from "vitest";
import { LazyPart } from "../../../functions/pipeline/lazy-part.ts";
import { LOAD_LIMIT_MS } from "../../../functions/pipeline/time-limit.ts";

afterEach(() => {
  vi.useRealTimers();
});

test("callers at the same time share one load, later ones its result", async () => {
  const part = new LazyPart<object>();
  let loads = 0;
  const load = async () => ({ load: ++loads });
  const both = await Promise.all([part.ensureReady("a", load), part.ensureReady("a", load)]);
  expect(both[0]).toBe(both[1]);
  expect(await part.ensureReady("a", load)).toBe(both[0]);
  expect({ loads, state: part.state, part: part.part }).toEqual({ loads: 1, state: "ready", part: { load: 1 } });
});

test("a failed load is told to all who waited, and the next call loads again", async () => {
  const part = new LazyPart<string>();
  let fails = true;
  const load = async () => {
    if (fails) throw new Error("a wrong file");
    return "loaded";
  };
  const both = [part.ensureReady("a", load), part.ensureReady("a", load)];
  for (const waiting of both) await expect(waiting).rejects.toThrow("a wrong file");
  expect({ state: part.state, failure: part.failure }).toEqual({ state: "failed", failure: "a wrong file" });
  fails = false;
  expect(await part.ensureReady("a", load)).toBe("loaded");
  expect(part.failure).toBeNull();
});

test("another key loads another part after the first has ended, never beside it", async () => {
  const part = new LazyPart<string>();
  const events: string[] = [];
  const load = (name: string) => async () => {
    events.push(`begin ${name}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    events.push(`end ${name}`);
    return name;
  };
  const [first, second] = [part.ensureReady("a", load("a")), part.ensureReady("b", load("b"))];
  expect([await first, await second]).toEqual(["a", "b"]);
  expect(events).toEqual(["begin a", "end a", "begin b", "end b"]);
  expect(part.part).toBe("b");
});

test("a load that never ends is given up, and the next call loads again", async () => {
  vi.useFakeTimers();
  const part = new LazyPart<string>();
  const waiting = part.ensureReady("a", () => new Promise<string>(() => {}));
  waiting.catch(() => {});
  await vi.advanceTimersByTimeAsync(LOAD_LIMIT_MS);
  await expect(waiting).rejects.toMatchObject({ code: "timed_out" });
  expect(await part.ensureReady("a", async () => "loaded")).toBe("loaded");
});
