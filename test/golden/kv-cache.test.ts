import { describe, expect, test } from "vitest";
import { allLogits } from "../runtime/all-logits.ts";
import { simdEngine } from "../runtime/kernel-builds.ts";
import { compareLogits, GOLDEN_MODELS, type Golden, readGolden, withGoldenModel } from "./golden-model.ts";

/**
 * RMS error of the logits over their standard deviation with 16-bit activations, so that the cache is what errs: float16
 * was measured at 0.08 … 0.32 %, int8 at 1.8 … 6.9 % (8-bit activations alone make 4.2 … 13.6 %).
 */
const BUDGETS = [
  [8, 0.08],
  [16, 0.004],
  [32, 0.002],
] as const;

for (const name of GOLDEN_MODELS) {
  const golden = await readGolden(name);
  describe.skipIf(golden === null)(`logits of ${name} by the width of the KV cache`, () => {
    test.each(BUDGETS)("%i bits", async (kvBits, budget) => {
      const engine = await simdEngine("relaxed", 16, kvBits);
      const logits = await withGoldenModel(golden as Golden, engine, (model) => allLogits(model, golden!.prompt));
      expect(compareLogits(logits, golden!).relativeRms).toBeLessThan(budget);
    });
  });
}
