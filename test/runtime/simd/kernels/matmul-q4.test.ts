import { describe, expect, test } from "vitest";
import type { ActivationBits } from "../../../../runtime/engine.ts";
import { createArena, onEachAlike, requireSameBits } from "./implementations.ts";
import { placeMatrix, randomMatrix, storedInteger, storedScale } from "./matrices.ts";
import { multiply } from "./products.ts";
import { randomFloats } from "./random-data.ts";

const SHAPES = [
  { outputs: 1, columns: 32 },
  { outputs: 5, columns: 64 },
  { outputs: 7, columns: 96 },
  { outputs: 8, columns: 160 },
  { outputs: 13, columns: 640 },
  { outputs: 6, columns: 1152 },
  { outputs: 66, columns: 256 },
];
const ROWS = [1, 2, 3, 4, 5, 6, 7, 8];
const MOST_ROWS = 9;
const BITS: readonly ActivationBits[] = [8, 16];

/**
 * Of Σ |weight · x|: int8 activations are off by 1/254 of their segment's largest value, block scales by 1/32766 of the
 * row's largest. The worst sums of random signs stay far below what would be if all errors added up.
 */
const ERROR_BUDGET = { 8: 8e-3, 16: 1.5e-4 };

describe.each(SHAPES)("4-bit matrix $outputs × $columns", ({ outputs, columns }) => {
  const matrix = randomMatrix(outputs, columns, 4, outputs + columns);

  test.each(BITS)("all implementations give the same bits for any number of rows, %i-bit activations", (bits) => {
    const x = randomFloats(MOST_ROWS * columns, 7);
    const all = onEachAlike((arena) => multiply(arena, matrix, x, bits));
    for (const name of ["relaxed", "simd128"]) {
      for (const rows of ROWS) {
        const first = MOST_ROWS - rows;
        const some = multiply(createArena(name), matrix, x.subarray(first * columns), bits);
        requireSameBits(some, all.subarray(first * outputs), `${name}, ${rows} rows`);
      }
    }
  });

  test.each(BITS)("%i-bit activations stay within their error budget of float64", (bits) => {
    const x = randomFloats(3 * columns, 11);
    const y = onEachAlike((arena) => multiply(arena, matrix, x, bits));
    y.forEach((value, i) => {
      const row = Math.floor(i / outputs);
      let exact = 0;
      let magnitude = 0;
      for (let column = 0; column < columns; column++) {
        const term =
          storedInteger(matrix, i % outputs, column) *
          storedScale(matrix, i % outputs, column) *
          x[row * columns + column]!;
        exact += term;
        magnitude += Math.abs(term);
      }
      expect(Math.abs(value - exact)).toBeLessThanOrEqual(ERROR_BUDGET[bits] * magnitude);
    });
  });
});

test("largest weights, scales and activations do not overflow", () => {
  const columns = 256;
  const matrix = {
    outputs: 4,
    columns,
    bits: 4 as const,
    bytes: new Uint8Array((4 * columns) / 2),
    scales: new Uint16Array((4 * columns) / 32).fill(0x3c00),
  };
  for (const bits of BITS) {
    const y = onEachAlike((arena) => multiply(arena, matrix, new Float32Array(columns).fill(1), bits));
    for (const value of y) expect(value).toBeCloseTo(-8 * columns, 3);
  }
});

test("a matrix that arrives in pieces is the same matrix", () => {
  const matrix = randomMatrix(26, 224, 4, 3);
  const x = randomFloats(2 * 224, 4);
  const whole = onEachAlike((arena) => multiply(arena, matrix, x, 8));
  for (const rowsAtOnce of [4, 8, 24]) {
    const pieces = onEachAlike((arena) => multiply(arena, matrix, x, 8, placeMatrix(arena, matrix, rowsAtOnce)));
    requireSameBits(pieces, whole, `pieces of ${rowsAtOnce}`);
  }
});

test("an infinite or NaN activation gives NaN in its own row only", () => {
  const columns = 256;
  const matrix = randomMatrix(9, columns, 4, 5);
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const x = randomFloats(5 * columns, 6);
    const clean = onEachAlike((arena) => multiply(arena, matrix, x, 8)).slice();
    x[2 * columns + 200] = bad;
    const y = onEachAlike((arena) => multiply(arena, matrix, x, 8));
    y.forEach((value, i) => {
      expect(value).toBe(Math.floor(i / 9) === 2 ? Number.NaN : clean[i]);
    });
  }
});

test("64 rows give each row the bits it has alone", () => {
  const columns = 288;
  const matrix = randomMatrix(6, columns, 4, 21);
  const x = randomFloats(64 * columns, 22);
  for (const bits of BITS) {
    const all = onEachAlike((arena) => multiply(arena, matrix, x, bits));
    for (const name of ["relaxed", "simd128"]) {
      for (let row = 0; row < 64; row += 7) {
        const alone = multiply(createArena(name, 1), matrix, x.subarray(row * columns, (row + 1) * columns), bits);
        requireSameBits(alone, all.subarray(row * 6, (row + 1) * 6), `${name}, row ${row}`);
      }
    }
  }
});
