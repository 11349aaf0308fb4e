import { expect, test } from "vitest";
import { kvLayerBytes, PAGE_TOKENS } from "../../../../runtime/simd/layout.ts";
import { floatOfHalf } from "../../../../runtime/simd/reference/half.ts";
import { onEachAlike } from "./implementations.ts";

const HEAD_DIM = 16;

/** Stores keys over positions 30 … 33 of two heads, so over two pages, and reads the float16 back. */
function storedKeys(keys: Float32Array): Float32Array {
  return onEachAlike((arena) => {
    const pages = Uint32Array.of(
      arena.take(kvLayerBytes(2, HEAD_DIM, 16) + 64),
      arena.take(kvLayerBytes(2, HEAD_DIM, 16) + 64),
    );
    const values = keys.map((value) => -value);
    arena.kernels.storeKv(arena.floats(keys), arena.floats(values), 4, 30, 2, HEAD_DIM, arena.words(pages), 64);
    const words = new Uint16Array(arena.memory.buffer);
    return keys.map((_, i) => {
      const token = 30 + Math.floor(i / (2 * HEAD_DIM));
      const head = Math.floor(i / HEAD_DIM) % 2;
      const page = pages[Math.floor(token / PAGE_TOKENS)]! + 64;
      const at = page / 2 + (head * PAGE_TOKENS + (token % PAGE_TOKENS)) * HEAD_DIM + (i % HEAD_DIM);
      const negated = words[at + 2 * PAGE_TOKENS * HEAD_DIM]!;
      expect(negated).toBe(words[at]! ^ 0x8000);
      return floatOfHalf(words[at]!);
    });
  });
}

test("stored float16 are those next to the values, on both sides of a page's end", () => {
  // Exponents from below the smallest subnormal to the largest normal, a mantissa each.
  const keys = Float32Array.from({ length: 128 }, (_, i) => (1 + ((i * 37) % 128) / 128.3) * 2 ** ((i % 43) - 27));
  storedKeys(keys).forEach((value, i) => {
    const key = keys[i]!;
    const spacing = 2 ** (Math.max(-14, Math.floor(Math.log2(key))) - 10);
    expect(value).toBe(Math.min(65_504, Math.round(key / spacing) * spacing));
  });
});

test("halves round to even, what is too large becomes 65504, and so does NaN", () => {
  const keys = new Float32Array(128);
  keys.set([
    1 + 1 / 2048,
    1 + 3 / 2048,
    2 ** -25,
    3 * 2 ** -25,
    70_000,
    Number.NEGATIVE_INFINITY,
    65_519,
    2 ** -14 - 2 ** -25,
  ]);
  const stored = storedKeys(keys);
  expect([...stored.subarray(0, 8)]).toEqual([1, 1 + 2 / 1024, 0, 2 ** -23, 65_504, -65_504, 65_504, 2 ** -14]);
});

test("float32 pages hold the values themselves", () => {
  const keys = Float32Array.from({ length: 2 * HEAD_DIM }, (_, i) => (i - 7) * 1.1e30);
  const stored = onEachAlike((arena) => {
    const page = arena.take(kvLayerBytes(1, HEAD_DIM, 32));
    const table = arena.words(Uint32Array.of(page));
    arena.kernels.storeKv(arena.floats(keys), arena.floats(keys), 2, 3, 1, HEAD_DIM, table, 0, 32);
    return arena.readFloats(page + 3 * HEAD_DIM * 4, 2 * HEAD_DIM);
  });
  expect(stored).toEqual(keys);
});

test("8-bit pages hold 127 steps of a token and head's largest magnitude; what is not finite counts as 65504", () => {
  const values = new Float32Array(2 * HEAD_DIM).fill(0.25);
  values.set([-127, 1.5, 2.5, -3.5]);
  values.set([Number.NaN, Number.NEGATIVE_INFINITY, 65_504 / 127], HEAD_DIM);
  // The Hadamard transforms of a key that has only a first, and of one that has only a second number.
  const keys = new Float32Array(2 * HEAD_DIM);
  keys[0] = Number.NaN;
  keys[HEAD_DIM + 1] = -3;
  const stored = onEachAlike((arena) => {
    const page = arena.take(kvLayerBytes(1, HEAD_DIM, 8));
    const table = arena.words(Uint32Array.of(page));
    // Tokens 3 and 4: values of both halves of a pair, beside neighbours that were never written.
    arena.kernels.storeKv(arena.floats(keys), arena.floats(values), 2, 3, 1, HEAD_DIM, table, 0, 8);
    const bytes = new Int8Array(arena.memory.buffer, page);
    const scales = arena.readFloats(page + 2 * PAGE_TOKENS * HEAD_DIM, 2 * PAGE_TOKENS);
    const firstValue = PAGE_TOKENS * HEAD_DIM;
    const valueAt = (token: number, i: number) =>
      bytes[firstValue + (token >> 1) * 2 * HEAD_DIM + 2 * i + (token % 2)]!;
    expect([valueAt(2, 0), valueAt(5, 0)]).toEqual([-1, -1]);
    return Float32Array.from(
      [3, 4].flatMap((token) => [
        ...[0, 1, 2, 3, 4].map((i) => bytes[token * HEAD_DIM + i]!),
        ...[0, 1, 2, 3, 4].map((i) => valueAt(token, i)),
        scales[token]!,
        scales[PAGE_TOKENS + token]!,
      ]),
    );
  });
  const limit = Math.fround(65_504 / 127);
  expect([...stored]).toEqual([
    ...[127, 127, 127, 127, 127, -127, 2, 2, -4, 0, limit, 1],
    ...[-127, 127, -127, 127, -127, 127, -127, 1, 0, 0, Math.fround(3 / 127), limit],
  ]);
});
