import type { Context } from "hono";
import { setMetric, timing } from "hono/timing";
import type { Timings } from "../pipeline/timings.ts";

/** Server-Timing on every answer of the API: at least how long it took until its headers left. */
export const serverTiming = timing({ totalDescription: "until the headers" });

/** Adds the phases of a generation that is through. */
export function setServerTiming(c: Context, { queueMs, prefillMs, decodeMs, samplingMs, wireMs }: Timings): void {
  setMetric(c, "queue", queueMs);
  setMetric(c, "prefill", prefillMs);
  setMetric(c, "decode", decodeMs);
  setMetric(c, "sampling", samplingMs);
  setMetric(c, "wire", wireMs, "part of the other phases");
}
