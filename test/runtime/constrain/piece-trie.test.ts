import { expect, test } from "vitest";
import { PIECES_PER_STEP } from "../../../runtime/constrain/piece-order.ts";
import { type PieceTrie, pieceTrie } from "../../../runtime/constrain/piece-trie.ts";
import { randomNumbers } from "./random-walk.ts";

const COUNT = 3 * PIECES_PER_STEP;
const MAX_BYTES = 9;
/** Few, with the extremes, so that pieces share beginnings and some are the same. */
const LETTERS = [0x00, 0x20, 0x61, 0x62, 0xff];

const random = randomNumbers(7);
const drawn = (below: number) => Math.floor(random() * below);
const texts = Array.from({ length: COUNT }, () =>
  Array.from({ length: 1 + drawn(MAX_BYTES) }, () => LETTERS[drawn(LETTERS.length)]!),
);
const offsets = new Uint32Array(COUNT + 1);
for (const [id, { length }] of texts.entries()) offsets[id + 1] = offsets[id]! + length;
const pieces = { bytes: Uint8Array.from(texts.flat()), offsets };
/** Not all of them, to see that the others stay out. */
const ids = Uint32Array.from(texts.keys()).filter((id) => id % 3 !== 0);

/** The tree, and how many times others could have had the thread. */
function made(): { trie: PieceTrie; steps: number } {
  const making = pieceTrie(pieces, ids);
  for (let steps = 1; ; steps++) {
    const { done, value } = making.next();
    if (done) return { trie: value, steps };
  }
}

test("a tree holds every piece where its bytes lead, and skips what begins with a node", () => {
  const { trie } = made();
  const way: number[] = [];
  const found: number[] = [];
  const strayed: number[] = [];
  for (const [node, byte] of trie.bytes.entries()) {
    way.length = trie.depths[node]!;
    way.push(byte);
    for (const id of trie.ids.subarray(trie.idsFrom[node], trie.idsFrom[node + 1])) {
      found.push(id);
      if (String(texts[id]) !== String(way)) strayed.push(id);
    }
    const next = trie.depths.findIndex((depth, at) => at > node && depth <= trie.depths[node]!);
    if (node % 97 === 0) expect(trie.skips[node]).toBe(next < 0 ? trie.bytes.length : next);
  }
  expect(strayed).toEqual([]);
  expect(found.sort((a, b) => a - b)).toEqual([...ids]);
});

test("it is made in steps of a bounded number of pieces", () => {
  expect(made().steps).toBeGreaterThan((5 * ids.length) / PIECES_PER_STEP - 5);
});
