import { describe, expect, test } from "vitest";
import type { LocalModel } from "../../runtime/local-model.ts";
import { allLogits } from "../runtime/all-logits.ts";
import { bitsOf } from "../runtime/demo-model.ts";
import { simdEngine } from "../runtime/kernel-builds.ts";
import { compareLogits, type Golden, readGolden, withGoldenModel } from "./golden-model.ts";

/**
 * With 16-bit activations nothing but the order of float32 sums and the segments of activations differ from the unsplit
 * engine, which stays within 0.002 as well.
 */
const MAX_WIDE_ERROR = 0.002;
/** What int8 activations cost the reference (golden/README.md), and 1.5 times as much is the engine's bar. */
const SIMULATED_INT8 = { "gemma1-mha-wide": 0.118, "gemma2-window": 0.069, "gemma3-window": 0.067 };

for (const [name, simulated] of Object.entries(SIMULATED_INT8)) {
  const golden = await readGolden(name);
  if (golden === null) {
    test.skip(`${name} split: the golden files are not there`);
    continue;
  }
  describe.each([2, 4])(`${name} split in %d`, (layerParts) => {
    const { prompt } = golden;
    const layers = golden.hidden.length / golden.hiddenSize - 1;
    const logits = async (build: "relaxed" | "simd128" | "reference", activations: 8 | 16, chunkRows: number) =>
      await withGoldenModel(golden, await simdEngine(build, activations), (model) => allLogits(model, prompt), {
        layerParts,
        chunkRows,
        stages: chunkRows === 5 ? [1, layers - 1] : [layers],
      });

    test("16-bit activations: the reference implementation's logits", async () => {
      expect(compareLogits(await logits("relaxed", 16, 64), golden).relativeRms).toBeLessThan(MAX_WIDE_ERROR);
    });

    test("8-bit activations: its logits, the same bits from every build, chunking and cut into stages", async () => {
      const whole = await logits("relaxed", 8, 64);
      expect(compareLogits(whole, golden).relativeRms).toBeLessThan(1.5 * simulated);
      const others = [await logits("relaxed", 8, 5), await logits("simd128", 8, 64), await logits("reference", 8, 64)];
      for (const other of others) expect(bitsOf(other)).toBe(bitsOf(whole));
    });

    test("sessions that take turns, begin as copies and go back have the bits of one alone", async () => {
      const [alone, shared] = await withGoldenModel(
        golden,
        await simdEngine("relaxed"),
        async (model) => [await lastRows(model, golden, false), await lastRows(model, golden, true)],
        { layerParts, chunkRows: 16 },
      );
      expect(shared).toBe(alone);
    });
  });
}

/** Bits of what follows 30 tokens of the prompt, `disturbed` by a session it is copied from and by going back. */
async function lastRows({ parts }: LocalModel, { prompt }: Golden, disturbed: boolean): Promise<string> {
  const [stage] = parts.stages as [LocalModel["parts"]["stages"][number]];
  const rows = async (ids: readonly number[]) => (await parts.shards[0]!.embed(Uint32Array.from(ids))).slice();
  const feed = async (slot: number, ids: readonly number[]) => {
    for (let from = 0; from < ids.length; from += 10) {
      const chunk = ids.slice(from, from + 10);
      const group = { slot, position: stage.sessionTokens(slot), rows: chunk.length };
      await stage.forward([group], await rows(chunk));
    }
  };
  let slot = stage.openSession();
  if (disturbed) {
    const source = slot;
    await feed(source, prompt.slice(0, 40));
    slot = stage.forkSession(source, 35);
    await feed(source, prompt.slice(0, 3));
    stage.closeSession(source);
    stage.truncate(slot, 20);
    await feed(slot, prompt.slice(20, 30));
  } else await feed(slot, prompt.slice(0, 30));
  const ids = prompt.slice(30, 40);
  const other = stage.openSession();
  const groups = disturbed
    ? [
        { slot: other, position: 0, rows: 3 },
        { slot, position: 30, rows: ids.length },
      ]
    : [{ slot, position: 30, rows: ids.length }];
  const made = await stage.forward(groups, await rows(disturbed ? [...prompt.slice(0, 3), ...ids] : ids));
  const bits = bitsOf(made.slice(made.length - ids.length * parts.hiddenSize));
  stage.closeSession(slot);
  stage.closeSession(other);
  return bits;
}
