import { describe, expect, test } from "vitest";
import type { LayerStage, RowGroup } from "../../../runtime/engine.ts";
import { bitsOf, demoManifest, demoSource } from "../demo-model.ts";
import { simdEngine } from "../kernel-builds.ts";

const HIDDEN = demoManifest.architecture.hiddenSize;
const MAX_ROWS = 48;
const KV_TOKENS = 128;

async function openStage(kvTokens = KV_TOKENS): Promise<LayerStage> {
  const engine = await simdEngine("relaxed");
  const cut = { firstLayer: 1, layerCount: 2, finalNorm: true };
  return engine.loadLayers({ manifest: demoManifest, source: demoSource, ...cut, kvTokens, maxRows: MAX_ROWS });
}

/** Rows of numbers that look random; the same seed gives the same rows. */
function rowsOf(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count * HIDDEN }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** One session fed alone, piece by piece: the bits of each piece's result. */
async function alone(pieces: readonly Float32Array[]): Promise<string[]> {
  const stage = await openStage();
  const slot = stage.openSession();
  const results: string[] = [];
  for (const hidden of pieces) {
    const group = { slot, position: stage.sessionTokens(slot), rows: hidden.length / HIDDEN };
    results.push(bitsOf(await stage.forward([group], hidden)));
  }
  return results;
}

test("sessions batched in one call get the bits they get alone", async () => {
  // Three sessions of different lengths; in each call some of them prefill while others decode.
  const calls = [
    [rowsOf(17, 1), rowsOf(1, 2), rowsOf(30, 3)],
    [rowsOf(1, 4), rowsOf(35, 5), rowsOf(1, 6)],
    [rowsOf(3, 7), rowsOf(1, 8), rowsOf(5, 9)],
  ];
  const stage = await openStage(160);
  const slots = [stage.openSession(), stage.openSession(), stage.openSession()];
  const found: string[][] = [[], [], []];
  for (const pieces of calls) {
    const groups = pieces.map((piece, i) => ({
      slot: slots[i]!,
      position: stage.sessionTokens(slots[i]!),
      rows: piece.length / HIDDEN,
    }));
    const hidden = new Float32Array(pieces.flatMap((piece) => [...piece]));
    const result = await stage.forward(groups, hidden);
    let offset = 0;
    for (const [i, piece] of pieces.entries()) {
      found[i]!.push(bitsOf(result.subarray(offset, offset + piece.length)));
      offset += piece.length;
    }
  }
  for (const session of [0, 1, 2]) expect(found[session]).toEqual(await alone(calls.map((pieces) => pieces[session]!)));
});

test("pages of closed sessions are used again without a trace", async () => {
  const stage = await openStage(64);
  const first = stage.openSession();
  await stage.forward([{ slot: first, position: 0, rows: 40 }], rowsOf(40, 11));
  stage.closeSession(first);
  const pieces = [rowsOf(33, 12), rowsOf(1, 13)];
  const second = stage.openSession();
  const found: string[] = [];
  for (const hidden of pieces) {
    const group = { slot: second, position: stage.sessionTokens(second), rows: hidden.length / HIDDEN };
    found.push(bitsOf(await stage.forward([group], hidden)));
  }
  expect(found).toEqual(await alone(pieces));
});

describe("a refused call leaves every session as it was", async () => {
  const cases: [string, (slots: number[]) => RowGroup[], string, RegExp][] = [
    ["a gap", ([a]) => [{ slot: a!, position: 21, rows: 1 }], "position_gap", /position 21.*holds 20 tokens/],
    ["a position passed", ([a]) => [{ slot: a!, position: 19, rows: 1 }], "position_gap", /position 19/],
    ["too many rows", ([a]) => [{ slot: a!, position: 20, rows: 49 }], "out_of_capacity", /49 rows.*loaded for 48/],
    [
      "no KV pages for the second group",
      ([a, b]) => [
        { slot: a!, position: 20, rows: 13 },
        { slot: b!, position: 30, rows: 35 },
      ],
      "out_of_capacity",
      /35 more tokens need 2 KV pages.*1 are free/,
    ],
    ["a slot that is not open", () => [{ slot: 3, position: 0, rows: 1 }], "internal", /slot 3 is not open/],
    [
      "a slot twice",
      ([a]) => [
        { slot: a!, position: 20, rows: 1 },
        { slot: a!, position: 20, rows: 1 },
      ],
      "internal",
      /same session slot/,
    ],
    ["no rows", ([a]) => [{ slot: a!, position: 20, rows: 0 }], "internal", /0 rows/],
  ];
  for (const [name, groupsOf, code, message] of cases)
    test(name, async () => {
      const stage = await openStage();
      const slots = [stage.openSession(), stage.openSession()];
      const groups = [
        { slot: slots[0]!, position: 0, rows: 18 },
        { slot: slots[1]!, position: 0, rows: 30 },
      ];
      await stage.forward(groups, rowsOf(48, 21));
      await stage.forward([{ slot: slots[0]!, position: 18, rows: 2 }], rowsOf(2, 22));
      const free = stage.freeKvTokens;
      const refused = groupsOf(slots);
      const hidden = rowsOf(
        refused.reduce((sum, { rows }) => sum + rows, 0),
        23,
      );
      const error = await stage.forward(refused, hidden).catch((error) => error);
      expect(error).toMatchObject({ name: "InferenceError", code });
      expect(error.message).toMatch(message);
      expect(slots.map((slot) => stage.sessionTokens(slot))).toEqual([20, 30]);
      expect(stage.freeKvTokens).toBe(free);
      const after = bitsOf(await stage.forward([{ slot: slots[0]!, position: 20, rows: 1 }], rowsOf(1, 24)));
      const [, , expected] = await alone([rowsOf(48, 21).slice(0, 18 * HIDDEN), rowsOf(2, 22), rowsOf(1, 24)]);
      expect(after).toBe(expected);
    });
});

test("a session ends at the model's context even when pages are free", async () => {
  const stage = await openStage(demoManifest.architecture.maxPositionEmbeddings + 64);
  const slot = stage.openSession();
  for (let position = 0; position < 480; position += 48)
    await stage.forward([{ slot, position, rows: 48 }], rowsOf(48, position));
  await stage.forward([{ slot, position: 480, rows: 32 }], rowsOf(32, 1));
  await expect(stage.forward([{ slot, position: 512, rows: 1 }], rowsOf(1, 2))).rejects.toThrow(/513 tokens.*hold 512/);
});

test("the final norm belongs to the stage that was asked for it", async () => {
  const engine = await simdEngine("relaxed");
  const cut = { firstLayer: 0, layerCount: 1, finalNorm: false, kvTokens: 32, maxRows: 4 };
  const stage = await engine.loadLayers({ manifest: demoManifest, source: demoSource, ...cut });
  await expect(stage.finalNormRows(rowsOf(1, 1))).rejects.toThrow(/without the final norm/);
  await expect((await openStage()).finalNormRows(rowsOf(49, 1))).rejects.toThrow(/up to 48 rows/);
});

test("options outside the manifest are refused", async () => {
  const engine = await simdEngine("relaxed");
  const options = { manifest: demoManifest, source: demoSource, finalNorm: false, kvTokens: 32, maxRows: 4 };
  await expect(engine.loadLayers({ ...options, firstLayer: 4, layerCount: 3 })).rejects.toThrow(/layers 4 … 6.*0 … 5/);
  await expect(engine.loadLayers({ ...options, firstLayer: 0, layerCount: 1, maxRows: 0 })).rejects.toThrow(
    /maxRows is 0/,
  );
  await expect(engine.loadVocabulary({ ...options, firstShard: 0, shardCount: 3 })).rejects.toThrow(/table shards/);
});
