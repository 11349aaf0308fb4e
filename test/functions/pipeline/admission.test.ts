import { afterEach, expect, test, vi } from "vitest";
import { Admission, MAX_WAITING, WAIT_LIMIT_MS } from "../../../functions/pipeline/admission.ts";
import { KvRoom } from "../../../functions/pipeline/kv-room.ts";
import { PrefixCache } from "../../../functions/pipeline/prefix-cache.ts";
import { Replicas } from "../../../functions/pipeline/replicas.ts";

const staying = new AbortController().signal;

/** Lets sessions in that share nothing with others. */
function admissionTo(replicas: Replicas, maxSessions: number): Admission {
  const keepsNothing = { fork: () => null, end: () => undefined };
  return new Admission(replicas, new PrefixCache(keepsNothing, replicas, 0), maxSessions);
}

/** Without layers that have a window. */
const roomFor = (kvTokens: number) => new KvRoom({ kvTokens, kvWindowTokens: kvTokens, window: null, chunkRows: 32 });

const asks = (tokens: number) => ({ tokens, prefix: null });

afterEach(() => {
  vi.useRealTimers();
});

test("KV cache is counted in whole pages in every stage of the route", async () => {
  const admission = admissionTo(new Replicas(2, 1, roomFor(96)), 16);
  const seat = await admission.admit(asks(33), staying);
  expect(seat).toMatchObject({ route: [0, 0] });
  const second = admission.admit(asks(33), staying);
  await Promise.resolve();
  expect(admission.waiting).toBe(1);
  admission.release(seat);
  expect(await second).toMatchObject({ route: [0, 0] });
});

test("those who wait are let in by order of arrival: a small request does not overtake a large one", async () => {
  const admission = admissionTo(new Replicas(1, 1, roomFor(96)), 16);
  const holding = await admission.admit(asks(64), staying);
  const order: string[] = [];
  const enter = async (name: string, tokens: number) => {
    const seat = await admission.admit(asks(tokens), staying);
    order.push(name);
    return seat;
  };
  const [large, small] = [enter("large", 96), enter("small", 1)];
  admission.release(holding);
  admission.release(await large);
  await small;
  expect(order).toEqual(["large", "small"]);
});

test("sessions go to the replica with the most KV cache left, a suspect one last", async () => {
  const replicas = new Replicas(2, 3, roomFor(384));
  const admission = admissionTo(replicas, 16);
  replicas.mark({ group: 1, replica: 0 }, true);
  expect(await admission.admit(asks(100), staying)).toMatchObject({ route: [0, 1] });
  expect(await admission.admit(asks(10), staying)).toMatchObject({ route: [1, 2] });
  expect(await admission.admit(asks(10), staying)).toMatchObject({ route: [2, 2] });
  for (let count = 0; count < 3; count++) await admission.admit(asks(200), staying);
  expect(replicas.at({ group: 1, replica: 0 })).toMatchObject({ suspect: true, sessions: 1 });
});

test("a place that does not become free in time is refused, and leaves the queue", async () => {
  vi.useFakeTimers();
  const admission = admissionTo(new Replicas(1, 1, roomFor(64)), 1);
  const holding = await admission.admit(asks(10), staying);
  const first = admission.admit(asks(10), staying);
  const second = admission.admit(asks(20), staying);
  second.catch(() => {});
  await vi.advanceTimersByTimeAsync(WAIT_LIMIT_MS - 1);
  admission.release(holding);
  expect(admission.sessions).toBe(1);
  await vi.advanceTimersByTimeAsync(2);
  expect(await first).toMatchObject({ route: [0] });
  await expect(second).rejects.toMatchObject({ code: "out_of_capacity" });
  expect(admission.waiting).toBe(0);
});

test("who leaves while waiting makes room for the next, and takes no place", async () => {
  const admission = admissionTo(new Replicas(1, 1, roomFor(64)), 16);
  const holding = await admission.admit(asks(33), staying);
  const leaving = new AbortController();
  const left = admission.admit(asks(64), leaving.signal);
  const next = admission.admit(asks(1), staying);
  leaving.abort(new Error("left"));
  await expect(left).rejects.toThrow("left");
  admission.release(holding);
  expect(await next).toMatchObject({ route: [0] });
  expect(admission.sessions).toBe(1);
});

test("what is resumed goes before all that waits, in its own order, even when nobody else may wait any more", async () => {
  const admission = admissionTo(new Replicas(1, 1, roomFor(64)), 1);
  const holding = await admission.admit(asks(1), staying);
  const order: string[] = [];
  const enter = async (name: string, resumed: boolean) => {
    const route = await admission.admit(asks(1), staying, resumed);
    order.push(name);
    admission.release(route);
  };
  const waiting = Array.from({ length: MAX_WAITING }, (_, index) => enter(`new ${index}`, false));
  await expect(admission.admit(asks(1), staying)).rejects.toMatchObject({ code: "out_of_capacity" });
  waiting.push(enter("resumed 0", true), enter("resumed 1", true));
  admission.release(holding);
  await Promise.all(waiting);
  expect(order.slice(0, 3)).toEqual(["resumed 0", "resumed 1", "new 0"]);
});
