import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Caller, Link } from "../../../functions/pipeline/link.ts";

const HOP_MS = 20;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Two ends of one socket; what arrived at the second. */
function linked(hopMs: number) {
  const caller: Caller = { role: "stage", incarnation: "ab".repeat(16), hopMs, depth: 4 };
  const arrived: number[] = [];
  let lost = false;
  const { 0: ours, 1: theirs } = new WebSocketPair();
  const near = new Link(ours, "far", caller, { message() {}, lost() {} });
  new Link(theirs, "near", caller, {
    message: (bytes) => arrived.push(new Uint8Array(bytes)[0]!),
    lost: () => {
      lost = true;
    },
  });
  return { near, arrived, lost: () => lost };
}

/** Sockets deliver between tasks, whatever the timers are told. */
const delivered = () => new Promise<void>((resolve) => setImmediate(resolve));

test("messages are late by one hop, in order, however many are on their way", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { near, arrived } = linked(HOP_MS);
  const sent = Array.from({ length: 100 }, (_, index) => index);
  for (const index of sent) near.send(Uint8Array.of(index));
  await delivered();
  vi.advanceTimersByTime(HOP_MS - 1);
  expect(arrived).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(arrived).toEqual(sent);
});

test("a closed link is heard of after the messages before it", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { near, arrived, lost } = linked(HOP_MS);
  near.send(Uint8Array.of(7));
  near.close();
  await delivered();
  expect([arrived, lost()]).toEqual([[], false]);
  vi.advanceTimersByTime(HOP_MS);
  expect([arrived, lost()]).toEqual([[7], true]);
});
