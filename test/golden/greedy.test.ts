import { describe, expect, test } from "vitest";
import { loadOrtModule } from "../../cli/ort-module.ts";
import { generate } from "../../runtime/generate.ts";
import type { LocalModel } from "../../runtime/local-model.ts";
import { createOrtEngine } from "../../runtime/ort/engine.ts";
import { allLogits } from "../runtime/all-logits.ts";
import { simdEngine } from "../runtime/kernel-builds.ts";
import { compareLogits, GOLDEN_MODELS, type Golden, readGolden, withGoldenModel } from "./golden-model.ts";

const GREEDY = { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0n };

async function greedyTokens(model: LocalModel, promptIds: readonly number[], maxTokens: number): Promise<number[]> {
  const ids: number[] = [];
  const request = { promptIds, sampling: GREEDY, maxTokens, stopIds: [], stop: [] };
  for await (const event of generate(model.openSession(), null, request))
    if (event.type === "token") ids.push(...event.ids);
  return ids;
}

const engines = {
  ort: async () => createOrtEngine({ wasmModule: await loadOrtModule() }),
  "simd, 16-bit activations": () => simdEngine("relaxed", 16),
  "simd, 8-bit activations": () => simdEngine("relaxed", 8),
};

for (const name of GOLDEN_MODELS) {
  const golden = await readGolden(name);
  describe.skipIf(golden === null)(`greedy tokens of ${name} follow the reference while its choice is clear`, () => {
    for (const [what, engine] of Object.entries(engines))
      test(what, async () => {
        const { prompt, greedy, greedyGap } = golden as Golden;
        await withGoldenModel(golden!, await engine(), async (model) => {
          const { largest } = compareLogits(await allLogits(model, prompt), golden!);
          const unclear = greedyGap.findIndex((gap) => gap <= 2 * largest);
          const clear = unclear < 0 ? greedy.length : unclear;
          expect((await greedyTokens(model, prompt, greedy.length)).slice(0, clear)).toEqual(greedy.slice(0, clear));
          // Rounding alone must never decide so early that nothing is compared; int8 may.
          if (what !== "simd, 8-bit activations") expect(clear).toBeGreaterThan(0);
        });
      });
  });
}
