import { expect, test } from "vitest";
import { KvPages } from "../../../runtime/simd/kv-pages.ts";
import { KvPool, type KvPoolShape } from "../../../runtime/simd/kv-pool.ts";
import { PAGE_TOKENS } from "../../../runtime/simd/layout.ts";
import { firstReadPage, mostWindowPages, poolTableBytes } from "../../../weights/kv-window.ts";

const CONTEXT = 4096;
const PAGES = 1 << 20;

/** Sessions of a stage with layers of both kinds: pages for one session's tokens, and for its window of the others. */
function open(window: number, maxRows: number) {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 64 });
  const most = mostWindowPages(window, maxRows);
  const shape: KvPoolShape = { pages: most, pageBytes: 16, slots: 4, slotPages: most, window };
  const contextPages = CONTEXT / PAGE_TOKENS;
  const all = { ...shape, pages: contextPages, slotPages: contextPages, window: null };
  const tables = poolTableBytes(all);
  const pools = {
    all: new KvPool(all, memory, 0, PAGES),
    window: new KvPool(shape, memory, tables, 2 * PAGES),
  };
  const kv = new KvPages({ pages: contextPages, contextTokens: CONTEXT }, pools);
  const words = new Uint32Array(memory.buffer);
  /** What the kernels find for page `page` of the slot's windowed layers. */
  const windowPage = (slot: number, page: number) => words[kv.windowTable(slot) / 4 + page]!;
  return { kv, memory, windowPage, mostTokens: most * PAGE_TOKENS };
}

/** Feeds rows, and gives what was read by the first of them. */
function feed({ kv, windowPage }: ReturnType<typeof open>, slot: number, rows: number, window: number): number[] {
  const position = kv.tokens(slot);
  kv.reserve(slot, rows);
  const first = firstReadPage(window, position);
  const end = Math.ceil((position + rows) / PAGE_TOKENS);
  const read = Array.from({ length: end - first }, (_, index) => windowPage(slot, first + index));
  kv.commit(slot, rows);
  return read;
}

test.each([
  [1, 1],
  [5, 1],
  [31, 5],
  [32, 1],
  [33, 31],
  [64, 32],
  [65, 33],
  [512, 32],
  [512, 100],
])(
  "a window of %d with up to %d rows: what rows see stays where it was, and a pool of one session's most pages suffices",
  (window, maxRows) => {
    const stage = open(window, maxRows);
    const slot = stage.kv.open();
    const written: number[] = [];
    let turn = 0;
    while (stage.kv.tokens(slot) < 1500) {
      const position = stage.kv.tokens(slot);
      const read = feed(stage, slot, 1 + (turn++ % maxRows), window);
      const first = firstReadPage(window, position);
      expect(new Set(read).size).toBe(read.length);
      for (const [index, page] of read.entries()) {
        if (first + index < written.length) expect(page).toBe(written[first + index]);
        written[first + index] = page;
      }
    }
    expect(stage.kv.freeTokens).toBe(CONTEXT - Math.ceil(stage.kv.tokens(slot) / PAGE_TOKENS) * PAGE_TOKENS);
    stage.kv.close(slot);
    expect([stage.kv.freeTokens, stage.kv.freeWindowTokens]).toEqual([CONTEXT, stage.mostTokens]);
  },
);

test("a session may be cut as long as its windows still hold what a row there sees, or to nothing", () => {
  const window = 64;
  const stage = open(window, 32);
  const { kv } = stage;
  const slot = kv.open();
  for (let fed = 0; fed < 256; fed += 32) feed(stage, slot, 32, window);
  kv.truncate(slot, 255);
  expect(kv.tokens(slot)).toBe(255);
  expect(() => kv.truncate(slot, 254)).toThrow(/session of 255 tokens was to go on from 254/);
  expect(kv.tokens(slot)).toBe(255);
  kv.truncate(slot, 0);
  expect([kv.tokens(slot), kv.freeWindowTokens]).toEqual([0, stage.mostTokens]);
  expect(feed(stage, slot, 3, window)).toHaveLength(1);
});

test("a fork takes what its windows see, is refused where that is gone, and outlives its source", () => {
  const window = 32;
  const stage = open(window, 32);
  const { kv, windowPage } = stage;
  const source = kv.open();
  for (let fed = 0; fed < 96; fed += 32) feed(stage, source, 32, window);
  feed(stage, source, 20, window);
  expect(() => kv.fork(source, 94)).toThrow(/go on from 94/);
  expect(kv.fork(source, 95)).toBe(1);
  kv.close(1);
  const fork = kv.fork(source, 96);
  expect(windowPage(fork, 2)).toBe(windowPage(source, 2));
  const shared = windowPage(fork, 2);
  kv.close(source);
  expect(kv.freeWindowTokens).toBe(stage.mostTokens - PAGE_TOKENS);
  expect(feed(stage, fork, 1, window)).toContain(shared);
  kv.close(fork);
  expect([kv.freeTokens, kv.freeWindowTokens]).toEqual([CONTEXT, stage.mostTokens]);
});

test("who writes into a shared page of windowed layers gets a copy of it", () => {
  const window = 40;
  const stage = open(window, 32);
  const { kv, memory, windowPage } = stage;
  const source = kv.open();
  for (const rows of [32, 32, 8]) feed(stage, source, rows, window);
  new Uint8Array(memory.buffer, windowPage(source, 2), 16).fill(7);
  const fork = kv.fork(source, 70);
  expect(windowPage(fork, 2)).toBe(windowPage(source, 2));
  kv.reserve(fork, 1);
  expect(windowPage(fork, 2)).not.toBe(windowPage(source, 2));
  expect(new Set(new Uint8Array(memory.buffer, windowPage(fork, 2), 16))).toEqual(new Set([7]));
});

test("a reservation that one kind of pages is short for takes none of the other", () => {
  const stage = open(32, 1);
  const { kv } = stage;
  const [a, b] = [kv.open(), kv.open()];
  feed(stage, a, 64, 32);
  const free = [kv.freeTokens, kv.freeWindowTokens];
  expect(() => kv.reserve(b, 64)).toThrow(/need 2 KV pages of 32 tokens, 1 are free/);
  kv.release(b);
  expect([kv.freeTokens, kv.freeWindowTokens]).toEqual(free);
});
