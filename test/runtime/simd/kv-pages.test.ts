import { expect, test } from "vitest";
import { KvPages, slotTokens } from "../../../runtime/simd/kv-pages.ts";
import { KvPool } from "../../../runtime/simd/kv-pool.ts";
import { kvSlots, pagesPerSlot } from "../../../weights/packed-sizes.ts";

const shape = { pages: 5, contextTokens: 100 };
const PAGE_BYTES = 1000;
const TABLES = 64;
const PAGES = 10_000;

function open() {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const poolShape = { pages: 5, pageBytes: PAGE_BYTES, slots: 5, slotPages: pagesPerSlot(shape), window: null };
  const kv = new KvPages(shape, { all: new KvPool(poolShape, memory, TABLES, PAGES), window: null });
  /** The pages a slot's table names. */
  const pages = (slot: number, count: number) => [...new Uint32Array(memory.buffer, kv.table(slot), count)];
  return { kv, memory, pages };
}

test("sessions hold whole pages, each page one session's", () => {
  const { kv, pages } = open();
  const [a, b] = [kv.open(), kv.open()];
  kv.reserve(a, 33);
  kv.reserve(b, 1);
  kv.reserve(a, 65);
  expect(kv.freeTokens).toBe(32);
  const taken = [...pages(a, 3), ...pages(b, 1)];
  expect(new Set(taken).size).toBe(4);
  for (const page of taken) expect((page - PAGES) % PAGE_BYTES).toBe(0);
});

test("a reservation that fails takes nothing", () => {
  const { kv } = open();
  const [a, b] = [kv.open(), kv.open()];
  kv.reserve(a, 96);
  kv.commit(a, 96);
  expect(() => kv.reserve(b, 65)).toThrow(/65 more tokens need 3 KV pages of 32 tokens, 2 are free/);
  expect(() => kv.reserve(a, 5)).toThrow(/101 tokens.*may hold 100/);
  expect(kv.freeTokens).toBe(64);
});

test("truncating gives pages back and keeps those in use", () => {
  const { kv, pages } = open();
  const slot = kv.open();
  kv.reserve(slot, 96);
  kv.commit(slot, 96);
  const [first] = pages(slot, 1);
  kv.truncate(slot, 33);
  expect([kv.tokens(slot), kv.freeTokens]).toEqual([33, 96]);
  kv.truncate(slot, 50);
  expect(kv.tokens(slot)).toBe(33);
  kv.truncate(slot, 1);
  expect([kv.freeTokens, pages(slot, 1)[0]]).toEqual([128, first]);
});

test("pages reserved but not committed are released", () => {
  const { kv } = open();
  const slot = kv.open();
  kv.reserve(slot, 64);
  kv.release(slot);
  expect([kv.tokens(slot), kv.freeTokens]).toEqual([0, 160]);
});

test("slots end, and closed ones come back", () => {
  const { kv } = open();
  const slots = Array.from({ length: kvSlots(shape) }, () => kv.open());
  expect(() => kv.open()).toThrow(/all 5 session slots/);
  kv.close(slots[2]!);
  expect(() => kv.tokens(slots[2]!)).toThrow(/not open/);
  expect(kv.open()).toBe(slots[2]);
});

test("a fork holds its source's pages, and they come back when both are closed", () => {
  const { kv, pages } = open();
  const source = kv.open();
  kv.reserve(source, 70);
  kv.commit(source, 70);
  const fork = kv.fork(source, 64);
  expect([kv.tokens(fork), kv.freeTokens]).toEqual([64, 64]);
  expect(pages(fork, 2)).toEqual(pages(source, 2));
  kv.close(source);
  expect(kv.freeTokens).toBe(96);
  kv.close(fork);
  expect(kv.freeTokens).toBe(160);
  expect(() => kv.fork(source, 1)).toThrow(/not open/);
});

test("who writes into a shared page gets a copy of it, and the last holder writes in place", () => {
  const { kv, memory, pages } = open();
  const source = kv.open();
  kv.reserve(source, 40);
  kv.commit(source, 40);
  const [, shared] = pages(source, 2);
  new Uint8Array(memory.buffer, shared, PAGE_BYTES).fill(7);
  const fork = kv.fork(source, 36);
  kv.reserve(fork, 1);
  const [, copy] = pages(fork, 2);
  expect(copy).not.toBe(shared);
  expect(new Set(new Uint8Array(memory.buffer, copy, PAGE_BYTES))).toEqual(new Set([7]));
  kv.reserve(source, 1);
  expect(pages(source, 2)[1]).toBe(shared);
  expect(kv.freeTokens).toBe(64);
});

test("a copy that finds no page is refused, and the fork keeps what it shares", () => {
  const { kv } = open();
  const source = kv.open();
  kv.reserve(source, 40);
  kv.commit(source, 40);
  const fork = kv.fork(source, 40);
  const rest = kv.open();
  kv.reserve(rest, 96);
  expect(() => kv.reserve(fork, 1)).toThrow(/need 1 KV pages of 32 tokens, 0 are free/);
  expect(kv.tokens(fork)).toBe(40);
  expect(() => kv.fork(source, 41)).toThrow(/begin with 41 tokens of one that holds 40/);
});

test("tables cover what a session can reach", () => {
  expect(pagesPerSlot(shape)).toBe(4);
  expect(slotTokens(shape)).toBe(100);
  expect(slotTokens({ ...shape, contextTokens: 1000 })).toBe(160);
  expect(kvSlots({ ...shape, pages: 4096 })).toBe(512);
});
