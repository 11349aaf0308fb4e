import { afterEach, expect, test, vi } from "vitest";
import { Admission, MAX_WAITING, WAIT_LIMIT_MS } from "../../../functions/pipeline/admission.ts";
import { Replicas } from "../../../functions/pipeline/replicas.ts";

const staying = new AbortController().signal;

afterEach(() => {
  vi.useRealTimers();
});

test("KV cache is counted in whole pages in every stage of the route", async () => {
  const admission = new Admission(new Replicas(2, 1, 96), 16);
  const route = await admission.admit(33, staying);
  expect(route).toEqual([0, 0]);
  const second = admission.admit(33, staying);
  await Promise.resolve();
  expect(admission.waiting).toBe(1);
  admission.release(route, 33);
  expect(await second).toEqual([0, 0]);
});

test("those who wait are let in by order of arrival: a small request does not overtake a large one", async () => {
  const admission = new Admission(new Replicas(1, 1, 96), 16);
  const holding = await admission.admit(64, staying);
  const order: string[] = [];
  const enter = async (name: string, tokens: number) => {
    const route = await admission.admit(tokens, staying);
    order.push(name);
    return route;
  };
  const [large, small] = [enter("large", 96), enter("small", 1)];
  admission.release(holding, 64);
  admission.release(await large, 96);
  await small;
  expect(order).toEqual(["large", "small"]);
});

test("sessions go to the replica with the most KV cache left, a suspect one last", async () => {
  const replicas = new Replicas(2, 3, 384);
  const admission = new Admission(replicas, 16);
  replicas.mark({ group: 1, replica: 0 }, true);
  expect(await admission.admit(100, staying)).toEqual([0, 1]);
  expect(await admission.admit(10, staying)).toEqual([1, 2]);
  expect(await admission.admit(10, staying)).toEqual([2, 2]);
  for (let count = 0; count < 3; count++) await admission.admit(200, staying);
  expect(replicas.at(1, 0)).toMatchObject({ suspect: true, sessions: 1 });
});

test("a place that does not become free in time is refused, and leaves the queue", async () => {
  vi.useFakeTimers();
  const admission = new Admission(new Replicas(1, 1, 64), 1);
  const holding = await admission.admit(10, staying);
  const first = admission.admit(10, staying);
  const second = admission.admit(20, staying);
  second.catch(() => {});
  await vi.advanceTimersByTimeAsync(WAIT_LIMIT_MS - 1);
  admission.release(holding, 10);
  expect(admission.sessions).toBe(1);
  await vi.advanceTimersByTimeAsync(2);
  expect(await first).toEqual([0]);
  await expect(second).rejects.toMatchObject({ code: "out_of_capacity" });
  expect(admission.waiting).toBe(0);
});

test("who leaves while waiting makes room for the next, and takes no place", async () => {
  const admission = new Admission(new Replicas(1, 1, 64), 16);
  const holding = await admission.admit(33, staying);
  const leaving = new AbortController();
  const left = admission.admit(64, leaving.signal);
  const next = admission.admit(1, staying);
  leaving.abort(new Error("left"));
  await expect(left).rejects.toThrow("left");
  admission.release(holding, 33);
  expect(await next).toEqual([0]);
  expect(admission.sessions).toBe(1);
});

test("what is resumed goes before all that waits, in its own order, even when nobody else may wait any more", async () => {
  const admission = new Admission(new Replicas(1, 1, 64), 1);
  const holding = await admission.admit(1, staying);
  const order: string[] = [];
  const enter = async (name: string, resumed: boolean) => {
    const route = await admission.admit(1, staying, resumed);
    order.push(name);
    admission.release(route, 1);
  };
  const waiting = Array.from({ length: MAX_WAITING }, (_, index) => enter(`new ${index}`, false));
  await expect(admission.admit(1, staying)).rejects.toMatchObject({ code: "out_of_capacity" });
  waiting.push(enter("resumed 0", true), enter("resumed 1", true));
  admission.release(holding, 1);
  await Promise.all(waiting);
  expect(order.slice(0, 3)).toEqual(["resumed 0", "resumed 1", "new 0"]);
});
