import { describe, expect, test } from "vitest";
import { allLogits } from "../runtime/all-logits.ts";
import { bitsOf } from "../runtime/demo-model.ts";
import { simdEngine } from "../runtime/kernel-builds.ts";
import { type Golden, readGolden, withGoldenModel } from "./golden-model.ts";

/** Windows of 16 and 24 tokens, pages of 32: chunks shorter, equal and longer, by one where it may matter. */
const CUTS = [
  { chunkRows: 1 },
  { chunkRows: 5, stages: [1, 2, 1] },
  { chunkRows: 15 },
  { chunkRows: 16, stages: [3, 1] },
  { chunkRows: 33 },
];

for (const name of ["gemma2-window", "gemma3-window", "gemma3-scaled-rope"]) {
  const golden = await readGolden(name);
  describe.skipIf(golden === null)(`${name}: however the prompt and the layers are cut, the logits' bits`, () => {
    const logits = async (cut: (typeof CUTS)[number]) => {
      const { prompt, hidden, hiddenSize } = golden as Golden;
      const layers = hidden.length / hiddenSize - 1;
      const named = cut.stages ?? [];
      const rest = layers - named.reduce((sum, count) => sum + count, 0);
      const stages = rest > 0 ? [...named, rest] : named;
      return withGoldenModel(
        golden!,
        await simdEngine("relaxed", 8),
        async (model) => bitsOf(await allLogits(model, prompt.slice(0, 80))),
        { ...cut, stages },
      );
    };
    test("are those of one piece", async () => {
      const whole = await logits({ chunkRows: 80 });
      for (const cut of CUTS) expect(await logits(cut), JSON.stringify(cut)).toBe(whole);
    });
  });
}
