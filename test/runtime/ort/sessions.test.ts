import { expect, test } from "vitest";
import { loadOrtModule } from "../../../cli/ort-module.ts";
import type { LayerStage } from "../../../runtime/engine.ts";
import { createOrtEngine } from "../../../runtime/ort/engine.ts";
import { demoManifest, demoSource } from "../demo-model.ts";

const HIDDEN = demoManifest.architecture.hiddenSize;
/** onnxruntime sums in another order for one row than for several. */
const ROUNDING = 1e-4;

const engine = createOrtEngine({ wasmModule: await loadOrtModule() });

const openStage = (kvTokens = 64): Promise<LayerStage> =>
  engine.loadLayers({
    manifest: demoManifest,
    source: demoSource,
    firstLayer: 0,
    layerCount: 2,
    finalNorm: true,
    kvTokens,
    maxRows: 32,
  });

const hidden = Float32Array.from({ length: 32 * HIDDEN }, (_, i) => Math.sin(i * i * 0.3) * 2);
const rowsOf = (first: number, count: number) => hidden.subarray(first * HIDDEN, (first + count) * HIDDEN);

function expectClose(found: Float32Array, expected: Float32Array): void {
  const worst = found.reduce((max, x, i) => Math.max(max, Math.abs(x - expected[i]!)), 0);
  expect(worst).toBeLessThan(ROUNDING);
}

test("rows after a cache of several tokens, in chunks, are the rows of the whole", async () => {
  const stage = await openStage();
  const whole = await stage.forward([{ slot: stage.openSession(), position: 0, rows: 20 }], rowsOf(0, 20));
  const slot = stage.openSession();
  let position = 0;
  for (const rows of [5, 1, 9, 5]) {
    const found = await stage.forward([{ slot, position, rows }], rowsOf(position, rows));
    expectClose(found, whole.subarray(position * HIDDEN, (position + rows) * HIDDEN));
    position += rows;
  }
});

test("sessions in one call do not see each other", async () => {
  const stage = await openStage();
  const [a, b] = [stage.openSession(), stage.openSession()];
  const groups = [
    { slot: a, position: 0, rows: 6 },
    { slot: b, position: 0, rows: 10 },
  ];
  const together = await stage.forward(groups, rowsOf(4, 16));
  const alone = await openStage();
  const first = await alone.forward([{ slot: alone.openSession(), position: 0, rows: 6 }], rowsOf(4, 6));
  const second = await alone.forward([{ slot: alone.openSession(), position: 0, rows: 10 }], rowsOf(10, 10));
  expectClose(together, new Float32Array([...first, ...second]));
});

test("a truncated session goes on as if it had never been longer", async () => {
  const stage = await openStage();
  const [straight, winding] = [stage.openSession(), stage.openSession()];
  await stage.forward([{ slot: straight, position: 0, rows: 7 }], rowsOf(0, 7));
  const expected = (await stage.forward([{ slot: straight, position: 7, rows: 3 }], rowsOf(7, 3))).slice();
  await stage.forward(
    [{ slot: winding, position: 0, rows: 12 }],
    new Float32Array([...rowsOf(0, 7), ...rowsOf(20, 5)]),
  );
  stage.truncate(winding, 7);
  expect(stage.sessionTokens(winding)).toBe(7);
  expectClose(await stage.forward([{ slot: winding, position: 7, rows: 3 }], rowsOf(7, 3)), expected);
});

test("gaps and full caches are typed errors that change nothing", async () => {
  const stage = await openStage(24);
  const [a, b] = [stage.openSession(), stage.openSession()];
  await stage.forward([{ slot: a, position: 0, rows: 10 }], rowsOf(0, 10));
  const gap = stage.forward([{ slot: a, position: 11, rows: 1 }], rowsOf(11, 1));
  await expect(gap).rejects.toMatchObject({ code: "position_gap" });
  const full = stage.forward([{ slot: b, position: 0, rows: 15 }], rowsOf(0, 15));
  await expect(full).rejects.toMatchObject({ code: "out_of_capacity" });
  expect([stage.sessionTokens(a), stage.sessionTokens(b), stage.freeKvTokens]).toEqual([10, 0, 14]);
  stage.closeSession(a);
  expect(stage.freeKvTokens).toBe(24);
  expect(() => stage.sessionTokens(a)).toThrow(/not open/);
});
