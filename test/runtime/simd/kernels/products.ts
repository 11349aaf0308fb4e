import type { ActivationBits } from "../../../../runtime/engine.ts";
import { activationRowBytes, WIDE_BASE } from "../../../../runtime/simd/layout.ts";
import { planeScales } from "../../../../runtime/simd/reference/quantize-activations.ts";
import type { Arena } from "./arena.ts";
import { placeMatrix, type StoredMatrix } from "./matrices.ts";

/** Quantises x [rows, columns] and multiplies it with the matrix: y [rows, outputs]. */
export function multiply(
  arena: Arena,
  matrix: StoredMatrix,
  x: Float32Array,
  bits: ActivationBits,
  weights = placeMatrix(arena, matrix),
): Float32Array {
  const { columns, outputs } = matrix;
  const rows = x.length / columns;
  const activations = arena.take(rows * activationRowBytes(columns, bits));
  const y = arena.take(rows * outputs * 4);
  arena.kernels.quantizeActivations(arena.floats(x), rows, columns, bits, activations);
  const kernel = matrix.bits === 4 ? arena.kernels.matmulQ4 : arena.kernels.matmulQ8;
  kernel(activations, rows, columns, bits, weights, outputs, y);
  return arena.readFloats(y, rows * outputs);
}

/** The values that a quantised row stands for, in float64. */
export function dequantisedRow(arena: Arena, row: number, columns: number, bits: ActivationBits): Float64Array {
  const bytes = new Int8Array(arena.memory.buffer);
  const planeBytes = activationRowBytes(columns, bits) / (bits / 8);
  const last = row + planeBytes * (bits / 8 - 1);
  const scales = arena.readFloats(last + planeScales(columns), Math.ceil(columns / 128));
  return Float64Array.from({ length: columns }, (_, i) => {
    const q = bits === 16 ? WIDE_BASE * bytes[row + i]! + bytes[last + i]! : bytes[row + i]!;
    return q * scales[i >> 7]!;
  });
}
