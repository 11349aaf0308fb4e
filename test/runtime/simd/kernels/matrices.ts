import { BLOCK, q4Bytes, q8Bytes } from "../../../../runtime/simd/layout.ts";
import { floatOfHalf } from "../../../../runtime/simd/reference/half.ts";
import type { Arena } from "./arena.ts";
import { randomBytes, randomHalves } from "./random-data.ts";

/** A matrix as MatMulNBits stores it: quantised bytes and fp16 scales a block of 32. */
export interface StoredMatrix {
  readonly outputs: number;
  readonly columns: number;
  readonly bits: 4 | 8;
  readonly bytes: Uint8Array;
  readonly scales: Uint16Array;
}

export function randomMatrix(outputs: number, columns: number, bits: 4 | 8, seed: number): StoredMatrix {
  const bytes = randomBytes((outputs * columns * bits) / 8, seed);
  return { outputs, columns, bits, bytes, scales: randomHalves(outputs * (columns / BLOCK), seed + 1) };
}

/** The weight's integer, without its offset. */
export function storedInteger({ columns, bits, bytes }: StoredMatrix, output: number, column: number): number {
  if (bits === 8) return bytes[output * columns + column]! - 128;
  const byte = bytes[(output * columns + column) >> 1]!;
  return (column & 1 ? byte >> 4 : byte & 15) - 8;
}

export function storedScale({ columns, scales }: StoredMatrix, output: number, column: number): number {
  return floatOfHalf(scales[output * (columns / BLOCK) + Math.floor(column / BLOCK)]!);
}

/** Repacks the matrix in pieces of `rowsAtOnce` rows (a multiple of 4), as if it arrived so; returns its offset. */
export function placeMatrix(arena: Arena, matrix: StoredMatrix, rowsAtOnce = matrix.outputs): number {
  const { outputs, columns, bits } = matrix;
  const weights = arena.take(bits === 4 ? q4Bytes(outputs, columns) : q8Bytes(outputs, columns));
  const rowBytes = (columns * bits) / 8;
  const blocks = columns / BLOCK;
  for (let first = 0; first < outputs; first += rowsAtOnce) {
    const rows = Math.min(rowsAtOnce, outputs - first);
    const bytes = arena.bytes(matrix.bytes.subarray(first * rowBytes, (first + rows) * rowBytes));
    const halves = matrix.scales.slice(first * blocks, (first + rows) * blocks);
    const scales = arena.bytes(new Uint8Array(halves.buffer));
    if (bits === 4) arena.kernels.repackQ4(bytes, scales, first, rows, columns, outputs, weights);
    else arena.kernels.repackQ8(bytes, scales, first, rows, columns, weights);
  }
  return weights;
}
