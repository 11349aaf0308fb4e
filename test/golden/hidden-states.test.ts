import { describe, expect, test } from "vitest";
import { loadOrtModule } from "../../cli/ort-module.ts";
import type { LocalModel } from "../../runtime/local-model.ts";
import { createOrtEngine } from "../../runtime/ort/engine.ts";
import { simdEngine } from "../runtime/kernel-builds.ts";
import { GOLDEN_MODELS, type Golden, readGolden, withGoldenModel } from "./golden-model.ts";

const engines = {
  ort: { engine: async () => createOrtEngine({ wasmModule: await loadOrtModule() }), budget: 0.0005 },
  "simd, 16-bit activations": { engine: () => simdEngine("relaxed", 16), budget: 0.002 },
};

/** The last position's row between all layers: the token's row, each layer's output, and the last one normed. */
async function lastRows({ parts }: LocalModel, ids: readonly number[]): Promise<Float32Array[]> {
  const { stages, shards, hiddenSize } = parts;
  let rows = await shards[0]!.embed(Uint32Array.from(ids));
  const found: Float32Array[] = [];
  for (const stage of stages) {
    found.push(rows.slice(-hiddenSize));
    rows = await stage.forward([{ slot: stage.openSession(), position: 0, rows: ids.length }], rows);
  }
  return [...found, (await stages.at(-1)!.finalNormRows(rows.slice(-hiddenSize))).slice()];
}

for (const name of GOLDEN_MODELS) {
  const golden = await readGolden(name);
  describe.skipIf(golden === null)(`hidden states of ${name} are the reference implementation's at every layer`, () => {
    for (const [what, { engine, budget }] of Object.entries(engines))
      test(what, async () => {
        const { hidden, hiddenSize, prompt } = golden as Golden;
        const oneLayerStages = Array.from({ length: hidden.length / hiddenSize - 1 }, () => 1);
        const found = await withGoldenModel(golden!, await engine(), (model) => lastRows(model, prompt), {
          stages: oneLayerStages,
          chunkRows: prompt.length,
        });
        for (const [layer, row] of found.entries()) {
          const expected = hidden.subarray(layer * hiddenSize, (layer + 1) * hiddenSize);
          const rms = (values: Float32Array) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
          const error = rms(row.map((value, i) => value - expected[i]!)) / rms(expected);
          expect(error, `input of layer ${layer}, or the final norm`).toBeLessThan(budget);
        }
      });
  });
}
