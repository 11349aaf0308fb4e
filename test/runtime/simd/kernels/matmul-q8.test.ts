import { describe, expect, test } from "vitest";
import type { ActivationBits } from "../../../../runtime/engine.ts";
import { createArena, onEachAlike, requireSameBits } from "./implementations.ts";
import { placeMatrix, randomMatrix, storedInteger, storedScale } from "./matrices.ts";
import { multiply } from "./products.ts";
import { randomFloats } from "./random-data.ts";

const SHAPES = [
  { outputs: 3, columns: 32 },
  { outputs: 4, columns: 64 },
  { outputs: 7, columns: 96 },
  { outputs: 9, columns: 160 },
  { outputs: 6, columns: 640 },
  { outputs: 5, columns: 1152 },
];
const ROWS = [1, 2, 3, 4, 5, 6, 7, 8];
const MOST_ROWS = 9;
const BITS: readonly ActivationBits[] = [8, 16];

/** Of Σ |weight · x|: the weights are exact, so what is left is the activations' rounding. */
const ERROR_BUDGET = { 8: 8e-3, 16: 4e-5 };

describe.each(SHAPES)("8-bit matrix $outputs × $columns", ({ outputs, columns }) => {
  const matrix = randomMatrix(outputs, columns, 8, outputs + columns);

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
    const x = randomFloats(3 * columns, 12);
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

test.each([0, 255])("stored bytes of %i against the largest activations do not overflow", (byte) => {
  const columns = 128;
  const matrix = {
    outputs: 4,
    columns,
    bits: 8 as const,
    bytes: new Uint8Array(4 * columns).fill(byte),
    scales: new Uint16Array((4 * columns) / 32).fill(0x3c00),
  };
  for (const sign of [1, -1]) {
    const y = onEachAlike((arena) => multiply(arena, matrix, new Float32Array(columns).fill(sign), 8));
    for (const value of y) expect(value).toBeCloseTo((byte - 128) * sign * columns, 2);
  }
});

test("subnormal scales are exact", () => {
  const columns = 64;
  const scales = new Uint16Array([0x0001, 0x83ff, 0x0400, 0x0000]);
  const matrix = { ...randomMatrix(2, columns, 8, 8), scales };
  const x = new Float32Array(columns).fill(1);
  const y = onEachAlike((arena) => multiply(arena, matrix, x, 8));
  y.forEach((value, output) => {
    let exact = 0;
    for (let column = 0; column < columns; column++)
      exact += storedInteger(matrix, output, column) * storedScale(matrix, output, column);
    expect(value / exact).toBeCloseTo(1, 5);
  });
});

test("a matrix that arrives in pieces is the same matrix", () => {
  const matrix = randomMatrix(22, 224, 8, 3);
  const x = randomFloats(2 * 224, 4);
  const whole = onEachAlike((arena) => multiply(arena, matrix, x, 8));
  for (const rowsAtOnce of [4, 20]) {
    const pieces = onEachAlike((arena) => multiply(arena, matrix, x, 8, placeMatrix(arena, matrix, rowsAtOnce)));
    requireSameBits(pieces, whole, `pieces of ${rowsAtOnce}`);
  }
});

test("64 rows give each row the bits it has alone", () => {
  const columns = 288;
  const matrix = randomMatrix(6, columns, 8, 21);
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
