import { describe, expect, test } from "vitest";
import type { LayerStage } from "../../../runtime/engine.ts";
import { LocalHelpers, type StageHelper } from "../../../runtime/stage-helper.ts";
import { mostWindowPages } from "../../../weights/kv-window.ts";
import { bitsOf, demoManifest, demoSource } from "../demo-model.ts";
import { type KernelBuild, simdEngine } from "../kernel-builds.ts";
import { windowedModel, windowsOf } from "../windowed-demo.ts";

const { hiddenSize: HIDDEN, attention } = demoManifest.architecture;
const PAGE_TOKENS = 32;
/** Far beyond every window. */
const TOKENS = 330;

let state = 12_345;
const hidden = Float32Array.from({ length: TOKENS * HIDDEN }, () => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 31 - 1;
});

interface Cut {
  readonly window: number;
  readonly maxRows: number;
  readonly kvBits?: 8 | 16;
  readonly build?: KernelBuild;
  readonly layerParts?: number;
  /** From layer 1 on: of three, the second has no window. */
  readonly layerCount?: number;
}

const layersOf = ({ layerCount = 3 }: Cut) => ({ firstLayer: 1, layerCount, finalNorm: false });

/** Layers of which some have a window, with room for just one session's pages of those. */
async function openStage(cut: Cut, sessions = 1) {
  const { window, maxRows, kvBits = 8, build = "relaxed", layerParts = 1 } = cut;
  const model = await windowedModel(
    { manifest: demoManifest, source: demoSource },
    windowsOf(attention.length, window),
  );
  const kvWindowTokens = sessions * mostWindowPages(window, maxRows) * PAGE_TOKENS;
  const options = { ...model, ...layersOf(cut), kvTokens: sessions * 352, kvWindowTokens, maxRows };
  const engine = await simdEngine(build, 8, kvBits);
  const helpers: StageHelper[] = [];
  for (let part = 1; part < layerParts; part++)
    helpers.push(await engine.loadHelper({ ...options, parts: layerParts, part }));
  const split = layerParts > 1 && { split: { parts: layerParts, helpers: new LocalHelpers(helpers) } };
  return { stage: await engine.loadLayers({ ...options, ...split }), helpers, kvWindowTokens };
}

/** The same layers in a stage that keeps every page: its manifest tells of no window, its graphs have them. */
async function keepsAll(cut: Cut): Promise<LayerStage> {
  const { window, kvBits = 8, layerParts = 1 } = cut;
  const model = await windowedModel(
    { manifest: demoManifest, source: demoSource },
    windowsOf(attention.length, window),
  );
  const manifest = { ...model.manifest, architecture: demoManifest.architecture };
  const engine = await simdEngine("relaxed", 8, kvBits);
  const options = { ...model, ...layersOf(cut), manifest, kvTokens: 352, maxRows: TOKENS };
  const helpers: StageHelper[] = [];
  for (let part = 1; part < layerParts; part++)
    helpers.push(await engine.loadHelper({ ...options, parts: layerParts, part }));
  const split = layerParts > 1 && { split: { parts: layerParts, helpers: new LocalHelpers(helpers) } };
  return await engine.loadLayers({ ...options, ...split });
}

/** Feeds rows `from` … `to` − 1 in chunks, and gives what they become. */
async function feed(stage: LayerStage, slot: number, from: number, to: number, rows: number): Promise<Float32Array> {
  const made = new Float32Array((to - from) * HIDDEN);
  for (let position = from; position < to; position += rows) {
    const end = Math.min(position + rows, to);
    const group = { slot, position, rows: end - position };
    const result = await stage.forward([group], hidden.subarray(position * HIDDEN, end * HIDDEN));
    made.set(result, (position - from) * HIDDEN);
  }
  return made;
}

async function expected(cut: Cut): Promise<Float32Array> {
  const stage = await keepsAll(cut);
  return await feed(stage, stage.openSession(), 0, TOKENS, TOKENS);
}

const CUTS: readonly Cut[] = [
  { window: 16, maxRows: 1 },
  { window: 31, maxRows: 5 },
  { window: 32, maxRows: 32 },
  { window: 33, maxRows: 5 },
  { window: 64, maxRows: 31 },
  { window: 65, maxRows: 33 },
  { window: 64, maxRows: 100, kvBits: 16 },
  { window: 65, maxRows: 5, build: "simd128" },
  { window: 64, maxRows: 5, layerParts: 2 },
  { window: 64, maxRows: 5, layerCount: 1 },
];

describe.each(CUTS.map((cut) => [JSON.stringify(cut), cut] as const))("%s", (_, cut) => {
  test("rows get the bits of a stage that keeps every page, in no more room than a window and a chunk take", async () => {
    const { stage, helpers, kvWindowTokens } = await openStage(cut);
    const found = await feed(stage, stage.openSession(), 0, TOKENS, cut.maxRows);
    expect(bitsOf(found)).toBe(bitsOf(await expected(cut)));
    stage.closeSession(0);
    for (const part of [stage, ...helpers])
      expect([part.freeKvTokens, part.freeKvWindowTokens]).toEqual([352, kvWindowTokens]);
  });
});

test("the reference kernels read the same pages", async () => {
  const cut = { window: 20, maxRows: 7, layerCount: 1 };
  const { stage } = await openStage({ ...cut, build: "reference" });
  const found = await feed(stage, stage.openSession(), 0, 70, 7);
  expect(bitsOf(found)).toBe(bitsOf((await expected(cut)).slice(0, 70 * HIDDEN)));
});

test("sessions that take turns over the same pages, and forks of them, get the bits they get alone", async () => {
  const cut = { window: 64, maxRows: 32 };
  const { stage, kvWindowTokens } = await openStage(cut, 3);
  const judge = await expected(cut);
  const rowsOf = (from: number, to: number) => judge.subarray(from * HIDDEN, to * HIDDEN);
  const [a, b] = [stage.openSession(), stage.openSession()];
  for (const [from, to] of [
    [0, 130],
    [130, 131],
    [131, 224],
  ] as const)
    for (const slot of [a, b])
      expect(bitsOf(await feed(stage, slot, from, to, 32)), `${from}`).toBe(bitsOf(rowsOf(from, to)));
  // At its end, and a row before: as far back as its pages reach.
  for (const tokens of [224, 223]) {
    const fork = stage.forkSession(a, tokens);
    expect(bitsOf(await feed(stage, fork, tokens, 300, 5)), `${tokens}`).toBe(bitsOf(rowsOf(tokens, 300)));
    stage.closeSession(fork);
  }
  expect(() => stage.forkSession(a, 222)).toThrow(/left behind/);
  expect(bitsOf(await feed(stage, b, 224, TOKENS, 1))).toBe(bitsOf(rowsOf(224, TOKENS)));
  stage.truncate(a, 223);
  expect(bitsOf(await feed(stage, a, 223, TOKENS, 32))).toBe(bitsOf(rowsOf(223, TOKENS)));
  for (const slot of [a, b]) stage.closeSession(slot);
  expect([stage.freeKvTokens, stage.freeKvWindowTokens]).toEqual([3 * 352, kvWindowTokens]);
});
