import { describe, expect, test } from "vitest";
import { newCaller, question } from "./caller.ts";
import { eventData } from "./server-sent-events.ts";

interface Timings {
  readonly queue_ms: number;
  readonly prefill_ms: number;
  readonly decode_ms: number;
  readonly sampling_ms: number;
  readonly wire_ms: number;
  readonly total_ms: number;
  readonly hop_ms: number;
  readonly hops_per_token: number;
}

function expectPlausible(timings: Timings): void {
  const { queue_ms, prefill_ms, decode_ms, sampling_ms, wire_ms, total_ms, hops_per_token } = timings;
  for (const ms of Object.values(timings)) expect(ms).toBeGreaterThanOrEqual(0);
  expect(queue_ms + prefill_ms + decode_ms + sampling_ms).toBeLessThanOrEqual(total_ms);
  // To the first of three stages, on to the others, to a vocabulary shard, and back.
  expect(hops_per_token).toBe(5);
  expect(wire_ms).toBeLessThanOrEqual(prefill_ms + decode_ms + sampling_ms);
}

const metricNames = (response: Response) =>
  response.headers
    .get("server-timing")!
    .split(",")
    .map((metric) => metric.trim().split(";dur=")[0]);

const caller = await newCaller();
const ask = async (fields: object) =>
  await caller.post("/v1/chat/completions", question("Hi", { max_tokens: 3, ...fields }));

describe("timings", () => {
  test("of a JSON answer are in its body when asked for, and in Server-Timing", async () => {
    const response = await ask({ timings: true });
    const { timings } = await response.json<{ timings: Timings }>();
    expectPlausible(timings);
    // This answer may have taken longer than headers wait, since it loaded the weights: they tell what was over.
    expect(metricNames(response)).toEqual(expect.arrayContaining(["admission", "total"]));
    const warm = await ask({ max_tokens: 1 });
    const phases = ["queue", "prefill", "decode", "sampling", "wire"];
    expect(metricNames(warm)).toEqual(["admission", ...phases, "total"]);
    expect(await warm.json()).not.toHaveProperty("timings");
  });

  test("of a stream are on its last chunk, with the usage if both are asked for", async () => {
    for (const usage of [true, false]) {
      const options = { stream: true, ...(usage && { stream_options: { include_usage: true } }) };
      const timed = eventData(await (await ask({ ...options, timings: true })).text());
      expect(timed.at(-1)).toBe("[DONE]");
      const last = JSON.parse(timed.at(-2)!);
      expectPlausible(last.timings);
      expect([last.choices, "usage" in last]).toEqual([[], usage]);
      expect(timed.slice(0, -2).some((data) => data.includes("timings"))).toBe(false);
      const plain = eventData(await (await ask(options)).text());
      expect(plain.some((data) => data.includes("timings"))).toBe(false);
    }
  });

  test("of a completion with several answers are of the longest", async () => {
    const body = { model: "lapidary-demo", prompt: "Once", max_tokens: 3, n: 2, timings: true };
    const { timings } = await (await caller.post("/v1/completions", body)).json<{ timings: Timings }>();
    expectPlausible(timings);
  });
});
