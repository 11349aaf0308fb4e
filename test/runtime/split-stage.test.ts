import { expect, test } from "vitest";
import { LocalHelpers, type StageHelpers } from "../../runtime/stage-helper.ts";
import { demoManifest, demoSource } from "./demo-model.ts";
import { simdEngine } from "./kernel-builds.ts";

const engine = await simdEngine("relaxed");
const { hiddenSize } = demoManifest.architecture;
const LAYERS = { manifest: demoManifest, source: demoSource, firstLayer: 1, layerCount: 2, kvTokens: 64, maxRows: 8 };
const hidden = Float32Array.from({ length: 8 * hiddenSize }, (_, i) => Math.sin(i * i));

const loadHelpers = (parts: number) =>
  Promise.all(Array.from({ length: parts - 1 }, (_, i) => engine.loadHelper({ ...LAYERS, parts, part: i + 1 })));
const loadLeader = (parts: number, helpers: StageHelpers) =>
  engine.loadLayers({ ...LAYERS, finalNorm: false, split: { parts, helpers } });

test("four parts hold a quarter of the weights each, and the shared keys", async () => {
  const whole = await engine.loadLayers({ ...LAYERS, finalNorm: false });
  const helpers = await loadHelpers(4);
  const leader = await loadLeader(4, new LocalHelpers(helpers));
  for (const { memoryBytes } of [leader, ...helpers]) expect(memoryBytes).toBeLessThan(whole.memoryBytes * 0.5);
});

test("a helper that fails leaves the stage's sessions as they were, and it can go on", async () => {
  const helpers = await loadHelpers(2);
  const local = new LocalHelpers(helpers);
  let fails = false;
  const leader = await loadLeader(2, {
    fork: (...change) => local.fork(...change),
    truncate: (...change) => local.truncate(...change),
    close: (slot) => local.close(slot),
    multiply: (block, groups, rows) =>
      fails && block === 3 ? Promise.reject(new Error("lost")) : local.multiply(block, groups, rows),
  });
  const slot = leader.openSession();
  const call = (position: number) => leader.forward([{ slot, position, rows: 4 }], hidden.subarray(0, 4 * hiddenSize));
  await call(0);
  const expected = (await call(4)).slice();
  leader.truncate(slot, 4);
  fails = true;
  await expect(call(4)).rejects.toThrow("lost");
  expect(leader.sessionTokens(slot)).toBe(4);
  fails = false;
  expect(await call(4)).toEqual(expected);
  leader.closeSession(slot);
  expect([leader.freeKvTokens, helpers[0]!.freeKvTokens]).toEqual([64, 64]);
});

test("a helper refuses rows that do not follow, blocks out of order, and sessions it does not know", async () => {
  const [helper] = await loadHelpers(2);
  const rows = hidden.subarray(0, 2 * hiddenSize);
  expect(() => helper!.multiply(0, [{ slot: 9, position: 2, rows: 2 }], rows)).toThrow(/knows no session 9/);
  helper!.multiply(0, [{ slot: 9, position: 0, rows: 2 }], rows);
  expect(() => helper!.multiply(2, [{ slot: 9, position: 0, rows: 2 }], rows)).toThrow(
    /block 2 of a call, expected block 1/,
  );
  expect(() => helper!.multiply(0, [{ slot: 9, position: 2, rows: 2 }], rows)).toThrow(
    expect.objectContaining({ code: "position_gap" }),
  );
  helper!.close(9);
  expect(helper!.freeKvTokens).toBe(64);
});

test("parts there are not are refused", async () => {
  await expect(engine.loadHelper({ ...LAYERS, parts: 2, part: 2 })).rejects.toThrow(/helper 2 of layers in 2 parts/);
  await expect(engine.loadHelper({ ...LAYERS, parts: 5, part: 1 })).rejects.toThrow(/cannot be split into 5 parts/);
});
