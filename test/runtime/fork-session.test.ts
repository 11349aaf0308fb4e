import { describe, expect, test } from "vitest";
import { loadOrtModule } from "../../cli/ort-module.ts";
import type { Engine, LayerStage } from "../../runtime/engine.ts";
import { createOrtEngine } from "../../runtime/ort/engine.ts";
import { bitsOf, demoManifest, demoSource } from "./demo-model.ts";
import { simdEngine } from "./kernel-builds.ts";

const HIDDEN = demoManifest.architecture.hiddenSize;
const MAX_ROWS = 64;

const engines: Record<string, () => Promise<Engine>> = {
  "simd, 8-bit cache": () => simdEngine("relaxed", 8, 8),
  "simd, float16 cache": () => simdEngine("relaxed", 8, 16),
  ort: async () => createOrtEngine({ wasmModule: await loadOrtModule() }),
};

const hidden = Float32Array.from({ length: 128 * HIDDEN }, (_, i) => Math.sin(i * i * 0.3) * 2);

/** Feeds `rows` rows of `hidden` from row `from` on, and gives the result's bits. */
async function feed(stage: LayerStage, slot: number, from: number, rows: number): Promise<string> {
  const group = { slot, position: stage.sessionTokens(slot), rows };
  return bitsOf(await stage.forward([group], hidden.subarray(from * HIDDEN, (from + rows) * HIDDEN)));
}

describe.each(Object.entries(engines))("%s", (_, engine) => {
  /** Sessions begin with 50 rows, 45 of which are shared: a whole page and some of the next. */
  const begun = async () => {
    const cut = { firstLayer: 0, layerCount: 1, finalNorm: false, kvTokens: 256, maxRows: MAX_ROWS };
    const stage = await (await engine()).loadLayers({ manifest: demoManifest, source: demoSource, ...cut });
    const source = stage.openSession();
    await feed(stage, source, 0, 50);
    return { stage, source };
  };

  test("a fork goes on as a session that computed its beginning does, whatever its source does meanwhile", async () => {
    const alone = await begun();
    alone.stage.truncate(alone.source, 45);
    const expected = [await feed(alone.stage, alone.source, 80, 30), await feed(alone.stage, alone.source, 110, 1)];
    const undisturbed = await begun();
    const expectedOfSource = await feed(undisturbed.stage, undisturbed.source, 60, 20);

    const { stage, source } = await begun();
    const fork = stage.forkSession(source, 45);
    const found = [await feed(stage, fork, 80, 30)];
    expect(await feed(stage, source, 60, 20)).toBe(expectedOfSource);
    stage.closeSession(source);
    found.push(await feed(stage, fork, 110, 1));
    expect(found).toEqual(expected);
  });

  test("a source that goes on does not change what its fork begins with", async () => {
    const alone = await begun();
    const expected = await feed(alone.stage, alone.source, 80, 30);
    const { stage, source } = await begun();
    const [first, second] = [stage.forkSession(source, 50), stage.forkSession(source, 50)];
    stage.truncate(source, 40);
    await feed(stage, source, 60, 40);
    expect(await feed(stage, first, 80, 30)).toBe(expected);
    expect(await feed(stage, second, 80, 30)).toBe(expected);
    expect(() => stage.forkSession(first, 81)).toThrow(/holds 80/);
    for (const slot of [source, first, second]) stage.closeSession(slot);
    expect(stage.freeKvTokens).toBe(256);
  });
});
