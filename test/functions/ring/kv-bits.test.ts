import { expect, test } from "vitest";
import { allFree, callFor, freshConductor, generateOn, requestFor } from "./conductors.ts";
import { generateLocally } from "./local-judge.ts";

const request = await requestFor("The capital of Peru is", { maxTokens: 40 });

test("a ring with a float16 cache answers what one process with it does", async () => {
  const [expected] = await generateLocally([request], "simd", 16);
  const conductor = await freshConductor({ LAPIDARY_KV_BITS: "16" });
  expect(await generateOn(conductor, await callFor(request))).toEqual(expected);
  const { engine, pipelineHash } = await conductor.status();
  expect(engine).toMatchObject({ name: "simd", activations: 8, kvBits: 16, version: expect.stringMatching(/kv16$/) });
  expect((await (await freshConductor()).status()).pipelineHash).not.toBe(pipelineHash);
  await allFree(conductor);
});

test("an engine that cannot keep so few bits refuses", async () => {
  await import("../../../functions/engine-ort.ts");
  const ort = await freshConductor({ LAPIDARY_ENGINE: "ort", LAPIDARY_KV_BITS: "8" });
  expect(await ort.generate(await callFor(request))).toMatchObject({
    admitted: false,
    failure: { code: "unsupported", message: expect.stringMatching(/ort.*32 bits, not 8/) },
  });
});
