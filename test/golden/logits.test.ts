import { describe, expect, test } from "vitest";
import { loadOrtModule } from "../../cli/ort-module.ts";
import { createOrtEngine } from "../../runtime/ort/engine.ts";
import { allLogits } from "../runtime/all-logits.ts";
import { simdEngine } from "../runtime/kernel-builds.ts";
import { compareLogits, type Golden, readGolden, withGoldenModel } from "./golden-model.ts";

/** RMS error of the logits over their standard deviation with simulated int8 activations (golden/README.md). */
const SIMULATED_INT8 = {
  "gemma1-mqa": 0.122,
  "gemma1-mha-wide": 0.118,
  "gemma2-window": 0.069,
  "gemma3-window": 0.067,
  "gemma3-scaled-rope": 0.041,
};

const engines = {
  ort: { engine: async () => createOrtEngine({ wasmModule: await loadOrtModule() }), budget: () => 0.0005 },
  "simd, 16-bit activations": { engine: () => simdEngine("relaxed", 16), budget: () => 0.002 },
  "simd, 8-bit activations": { engine: () => simdEngine("relaxed", 8), budget: (simulated: number) => 1.5 * simulated },
};

for (const [name, simulated] of Object.entries(SIMULATED_INT8)) {
  const golden = await readGolden(name);
  describe.skipIf(golden === null)(`logits of ${name} are the reference implementation's`, () => {
    for (const [what, { engine, budget }] of Object.entries(engines))
      test(what, async () => {
        const { prompt, vocabulary, argmax, argmaxGap } = golden as Golden;
        const logits = await withGoldenModel(golden!, await engine(), (model) => allLogits(model, prompt));
        const { relativeRms, largest } = compareLogits(logits, golden!);
        expect(relativeRms).toBeLessThan(budget(simulated));
        for (const [position, expected] of argmax.entries()) {
          if (argmaxGap[position]! <= 2 * largest) continue;
          const row = logits.subarray(position * vocabulary, (position + 1) * vocabulary);
          expect(row.indexOf(Math.max(...row)), `position ${position}`).toBe(expected);
        }
      });
  });
}
