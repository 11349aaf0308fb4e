import { expect, test } from "vitest";
import { allFree, callFor, freshConductor, generateOn, requestFor } from "./conductors.ts";
import { generateLocally } from "./local-judge.ts";

const request = await requestFor("The capital of Peru is", { maxTokens: 8 });

test("a script that does not carry the engine of its settings says how to get it", async () => {
  const conductor = await freshConductor({ LAPIDARY_ENGINE: "ort" });
  expect(await conductor.generate(await callFor(request))).toMatchObject({
    admitted: false,
    failure: { code: "unsupported", message: expect.stringMatching(/"ort".*carries: simd\..*--env ort/) },
  });
});

test("with onnxruntime-web the ring answers what one process with it does", async () => {
  await import("../../../functions/engine-ort.ts");
  const [expected] = await generateLocally([request], "ort");
  const conductor = await freshConductor({ LAPIDARY_ENGINE: "ort", LAPIDARY_STAGES: "2" });
  expect(await generateOn(conductor, await callFor(request))).toEqual(expected);
  expect(await conductor.status()).toMatchObject({ engine: { name: "ort", activations: 32 } });
  await allFree(conductor);
});
