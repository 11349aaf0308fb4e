import { describe, expect, test } from "vitest";
import type { ActivationBits } from "../../../runtime/engine.ts";
import type { LocalModelOptions } from "../../../runtime/local-model.ts";
import { allLogits } from "../all-logits.ts";
import { bitsOf, openDemoModel, PERU_ANSWER, PERU_PROMPT } from "../demo-model.ts";
import { type KernelBuild, simdEngine } from "../kernel-builds.ts";

const ids = [...PERU_PROMPT, ...PERU_ANSWER];
const whole = bitsOf(await allLogits(await openDemoModel(), ids));

describe("every cut of the model gives the same logits, bit for bit", () => {
  const cuts: Record<string, Partial<LocalModelOptions>> = {
    "three stages of two layers": { stages: [2, 2, 2] },
    "six stages, two vocabulary shards": { stages: [1, 1, 1, 1, 1, 1], vocabularyShards: [1, 1] },
    "uneven stages": { stages: [1, 5], vocabularyShards: [1, 1] },
    "the prompt in chunks of 5": { chunkRows: 5 },
    "the prompt a token at a time, three stages": { chunkRows: 1, stages: [3, 1, 2] },
  };
  for (const [name, cut] of Object.entries(cuts))
    test(name, async () => {
      expect(bitsOf(await allLogits(await openDemoModel(cut), ids))).toEqual(whole);
    });
});

test("the build without relaxed SIMD gives the same logits, bit for bit", async () => {
  const model = await openDemoModel({ engine: await simdEngine("simd128") });
  expect(bitsOf(await allLogits(model, ids))).toEqual(whole);
});

test("the kernels in plain TypeScript give the same logits, bit for bit, with 8 and with 16 bits", async () => {
  const prompt = ids.slice(0, 7);
  const bits = async (build: KernelBuild, activations: ActivationBits) =>
    bitsOf(await allLogits(await openDemoModel({ engine: await simdEngine(build, activations) }), prompt));
  const [narrow, wide] = [await bits("relaxed", 8), await bits("relaxed", 16)];
  expect(await bits("reference", 8)).toBe(narrow);
  expect(await bits("reference", 16)).toBe(wide);
  expect(await bits("simd128", 16)).toBe(wide);
  expect(narrow).not.toBe(wide);
});

test("parts that do not add up to the model are refused", async () => {
  await expect(openDemoModel({ stages: [2, 2] })).rejects.toThrow(/6 layers.*2 \+ 2/);
  await expect(openDemoModel({ vocabularyShards: [3] })).rejects.toThrow(/2 table shards/);
});
