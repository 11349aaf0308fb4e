import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { STEP_FLOOR_MS } from "../../../functions/pipeline/time-limit.ts";
import { allFree, callFor, freshConductor, generateOn, requestFor } from "./conductors.ts";
import { generateLocally } from "./local-judge.ts";

const request = await requestFor("The capital of Peru is", { maxTokens: 4 });
const [expected] = await generateLocally([request]);

/** Joins, accepts links and never answers a frame: a stage that hangs. */
const silent = {
  join: async () => ({ joined: true, report: { state: "ready", memoryBytes: 0, sessions: 0, links: 0 } }),
  report: async () => ({ state: "failed", memoryBytes: 0, sessions: 0, links: 0 }),
  fetch: async () => {
    const { 0: theirs, 1: ours } = new WebSocketPair();
    ours.accept();
    return new Response(null, { status: 101, webSocket: theirs });
  },
};

test("a stage that hangs is given up when its time is over, and the answer comes from another replica", async () => {
  const conductor = await freshConductor();
  const STAGE = {
    getByName: (name: string) => (name.endsWith("stage-0-0") ? silent : env.STAGE.getByName(name)),
  };
  await runInDurableObject(conductor, (instance) => {
    Object.assign(instance, { env: { ...env, STAGE, LAPIDARY_REPLICAS: "2" } });
  });
  const startMs = performance.now();
  expect(await generateOn(conductor, await callFor(request))).toEqual(expected);
  const tookMs = performance.now() - startMs;
  expect(tookMs).toBeGreaterThan(STEP_FLOOR_MS);
  expect(tookMs).toBeLessThan(2 * STEP_FLOOR_MS);
  await allFree(conductor);
});
