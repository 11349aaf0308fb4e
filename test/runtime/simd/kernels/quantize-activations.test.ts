import { describe, expect, test } from "vitest";
import type { ActivationBits } from "../../../../runtime/engine.ts";
import { activationRowBytes } from "../../../../runtime/simd/layout.ts";
import type { Arena } from "./arena.ts";
import { onEach, onEachAlike } from "./implementations.ts";
import { dequantisedRow } from "./products.ts";
import { randomFloats } from "./random-data.ts";

const BITS: readonly ActivationBits[] = [8, 16];
/** Half a step of the segment's largest magnitude, and what float32 loses on a product of up to 32512. */
const HALF_STEP = { 8: 0.5 / 127, 16: 0.5 / 32_512 };

function quantise(arena: Arena, x: Float32Array, columns: number, bits: ActivationBits): Float32Array {
  const rows = x.length / columns;
  const rowBytes = activationRowBytes(columns, bits);
  const activations = arena.take(rows * rowBytes);
  arena.kernels.quantizeActivations(arena.floats(x), rows, columns, bits, activations);
  const values = Array.from({ length: rows }, (_, row) => [
    ...dequantisedRow(arena, activations + row * rowBytes, columns, bits),
  ]);
  return Float32Array.from(values.flat());
}

describe.each(BITS)("%i-bit activations", (bits) => {
  test.each([32, 64, 96, 160, 640, 1152])("of %i columns are within half a step", (columns) => {
    const x = randomFloats(3 * columns, columns, 5);
    const values = onEachAlike((arena) => quantise(arena, x, columns, bits));
    x.forEach((value, i) => {
      const row = Math.floor(i / columns);
      const start = row * columns + Math.floor((i % columns) / 128) * 128;
      const segment = x.subarray(start, Math.min(start + 128, (row + 1) * columns));
      const largest = segment.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
      expect(Math.abs(values[i]! - value)).toBeLessThanOrEqual(HALF_STEP[bits] * largest * (1 + 5e-3));
    });
  });

  test("zeros and magnitudes under 2⁻¹⁰⁰ are zero", () => {
    const x = new Float32Array(64).fill(1e-31);
    x.fill(0, 32);
    expect(new Set(onEachAlike((arena) => quantise(arena, x, 64, bits)))).toEqual(new Set([0]));
  });

  test("a segment with NaN or infinity is NaN, its neighbours are not", () => {
    const x = randomFloats(256, 3);
    x[130] = Number.NEGATIVE_INFINITY;
    const values = onEachAlike((arena) => quantise(arena, x, 256, bits));
    values.forEach((value, i) => {
      expect(Number.isNaN(value)).toBe(i >= 128);
    });
  });

  test("no byte is −128, which the matrix kernels could not take", () => {
    const x = randomFloats(4096, 9).map((value, i) => (i % 64 === 0 ? -1 : value));
    const bytes = onEach((arena) => {
      const at = arena.take(activationRowBytes(4096, bits));
      arena.kernels.quantizeActivations(arena.floats(x), 1, 4096, bits, at);
      return [...new Int8Array(arena.memory.buffer, at, 4096)];
    });
    for (const values of Object.values(bytes)) expect(Math.min(...values)).toBe(-127);
  });
});

test("halves round to even", () => {
  const x = new Float32Array(32);
  x.set([127, 0.5, 1.5, 2.5, -0.5, -1.5, 126.5]);
  const values = onEachAlike((arena) => quantise(arena, x, 32, 8));
  expect([...values.subarray(0, 7)]).toEqual([127, 0, 2, 2, 0, -2, 126]);
});
