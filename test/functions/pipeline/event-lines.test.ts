import { afterEach, expect, test, vi } from "vitest";
import { EventLines, STALL_LIMIT_MS } from "../../../functions/pipeline/event-lines.ts";

const text = "x".repeat(20_000);
const token = { type: "token", ids: [1], text } as const;

afterEach(() => {
  vi.useRealTimers();
});

async function settled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  const pause = new Promise((resolve) => setTimeout(resolve, 20, pending));
  return (await Promise.race([promise, pause])) !== pending;
}

test("every event is a line, and the stream ends when it is closed", async () => {
  const lines = new EventLines(() => {});
  await lines.write({ type: "token", ids: [5], text: "two\nlines" });
  await lines.write({ type: "done", finish: "stop", promptTokens: 1, completionTokens: 2 });
  lines.close();
  const [first, second, rest] = (await new Response(lines.readable).text()).split("\n");
  expect(JSON.parse(first!)).toEqual({ type: "token", ids: [5], text: "two\nlines" });
  expect(JSON.parse(second!)).toMatchObject({ type: "done", finish: "stop" });
  expect(rest).toBe("");
});

test("a writer waits for a slow reader once enough is queued, and goes on when it has read", async () => {
  const lines = new EventLines(() => {});
  for (let count = 0; count < 3; count++) expect(await settled(lines.write(token))).toBe(true);
  const waiting = lines.write(token);
  expect(await settled(waiting)).toBe(false);
  const reader = lines.readable.getReader();
  for (let bytes = 0; bytes < 4 * text.length; ) bytes += (await reader.read()).value!.length;
  await waiting;
});

test("a reader that cancels is heard, frees a waiting writer, and what is written after goes nowhere", async () => {
  const reasons: unknown[] = [];
  const lines = new EventLines((reason) => reasons.push(reason));
  for (let count = 0; count < 3; count++) await lines.write(token);
  const waiting = lines.write(token);
  await lines.readable.cancel(new Error("left"));
  await waiting;
  await lines.write(token);
  lines.close();
  expect(reasons).toEqual([new Error("left")]);
});

test("a reader that has stopped reading is taken for one that left", async () => {
  vi.useFakeTimers();
  const reasons: unknown[] = [];
  const lines = new EventLines((reason) => reasons.push(reason));
  for (let count = 0; count < 3; count++) await lines.write(token);
  const waiting = lines.write(token);
  await vi.advanceTimersByTimeAsync(STALL_LIMIT_MS - 1);
  expect(reasons).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  await waiting;
  expect(reasons).toMatchObject([{ code: "timed_out" }]);
});
