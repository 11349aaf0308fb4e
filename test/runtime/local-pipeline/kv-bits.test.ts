import { expect, test } from "vitest";
import type { KvBits } from "../../../runtime/engine.ts";
import { allLogits } from "../all-logits.ts";
import { bitsOf, openDemoModel, PERU_ANSWER, PERU_PROMPT } from "../demo-model.ts";
import { type KernelBuild, simdEngine } from "../kernel-builds.ts";

/** More than a page of 32 tokens. */
const ids = [...PERU_PROMPT, ...PERU_ANSWER, ...PERU_PROMPT, ...PERU_ANSWER];

const logits = async (build: KernelBuild, kvBits: KvBits, chunkRows: number, prompt: readonly number[] = ids) =>
  allLogits(await openDemoModel({ engine: await simdEngine(build, 8, kvBits), chunkRows, stages: [2, 2, 2] }), prompt);

test("an int8 cache gives the same logits, bit for bit, however the prompt is cut and on every build", async () => {
  const whole = bitsOf(await logits("relaxed", 8, 64));
  expect(bitsOf(await logits("relaxed", 8, 1))).toBe(whole);
  expect(bitsOf(await logits("relaxed", 8, 17))).toBe(whole);
  expect(bitsOf(await logits("simd128", 8, 64))).toBe(whole);
  const start = ids.slice(0, 7);
  expect(bitsOf(await logits("reference", 8, 64, start))).toBe(bitsOf(await logits("relaxed", 8, 64, start)));
});

test("the width of the cache is part of the engine's version and decides the logits' bits", async () => {
  const versions = await Promise.all(
    ([8, 16, 32] as const).map(async (bits) => (await simdEngine("relaxed", 8, bits)).version),
  );
  expect(new Set(versions).size).toBe(3);
  expect(versions).toContain((await simdEngine("relaxed", 8)).version);
  const results = await Promise.all(
    ([8, 16, 32] as const).map(async (bits) => bitsOf(await logits("relaxed", bits, 64))),
  );
  expect(new Set(results).size).toBe(3);
});

test("an int8 cache takes half the memory of a float16 one", async () => {
  const freeBytes = async (kvBits: KvBits) =>
    (await openDemoModel({ engine: await simdEngine("relaxed", 8, kvBits), kvTokens: 65_536 })).memoryBytes;
  const [eight, sixteen, thirtyTwo] = [await freeBytes(8), await freeBytes(16), await freeBytes(32)];
  const ratio = (sixteen - eight) / (thirtyTwo - sixteen);
  // Beside each head's numbers a float32 scale.
  expect(ratio).toBeGreaterThan(0.4);
  expect(ratio).toBeLessThan(0.5);
});
