import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { STEP_FLOOR_MS } from "../../../functions/pipeline/time-limit.ts";
import { allFree, callFor, freshConductor, generateOn, partOf, requestFor } from "./conductors.ts";
import { generateLocally } from "./local-judge.ts";

test("a helper that hangs is cut off when its time is over, and the answer is the same", async () => {
  const request = await requestFor("The capital of Peru is", { maxTokens: 4 });
  const [expected] = await generateLocally([request], "simd", undefined, 2);
  const conductor = await freshConductor({ LAPIDARY_LAYER_PARTS: "2" });
  let dials = 0;
  // The first link to it leads nowhere.
  const hanging = (helper: DurableObjectStub) => ({
    fetch: async (url: string, init: RequestInit) => {
      if (dials++ > 0) return await helper.fetch(url, init);
      const { 0: theirs, 1: ours } = new WebSocketPair();
      ours.accept();
      return new Response(null, { status: 101, webSocket: theirs });
    },
  });
  const STAGE = {
    getByName: (name: string) => {
      const stub = env.STAGE.getByName(name);
      return name.endsWith("-part-1") ? hanging(stub) : stub;
    },
  };
  await runInDurableObject(await partOf(conductor, "stage-1-0"), (instance) => {
    Object.assign(instance, { env: { ...env, STAGE } });
  });
  const startMs = performance.now();
  expect(await generateOn(conductor, await callFor(request))).toEqual(expected);
  expect(performance.now() - startMs).toBeGreaterThan(STEP_FLOOR_MS);
  expect(dials).toBe(2);
  await allFree(conductor);
});
