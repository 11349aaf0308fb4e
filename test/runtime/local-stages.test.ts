import { expect, test } from "vitest";
import { fewestStages } from "../../runtime/local-stages.ts";
import { GEMMA_2B, GEMMA_7B, GEMMA2_27B, manifestOf } from "../weights/manifest-of.ts";

const load = { kvTokens: 8192, maxRows: 64, layerParts: 1, kvBits: 8 } as const;

test("a model that fits one WASM memory is one stage", () => {
  expect(fewestStages(manifestOf(GEMMA_2B), load)).toEqual([18]);
});

// 4.4 GB of weights in one memory were refused, so that no command ran a 7B whole.
test("a larger one is cut into the fewest stages that do, whole or by parts", () => {
  expect(fewestStages(manifestOf(GEMMA_7B), load)).toEqual([14, 14]);
  expect(fewestStages(manifestOf(GEMMA_7B), { ...load, layerParts: 3 })).toEqual([28]);
  expect(fewestStages(manifestOf(GEMMA2_27B), load).length).toBe(6);
});

test("room for many sessions counts", () => {
  expect(fewestStages(manifestOf(GEMMA_2B), { ...load, kvTokens: 50 * 8192 }).length).toBe(2);
});
