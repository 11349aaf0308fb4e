import { halfValue } from "../../../weights/quantise/half.ts";

export interface Rounded {
  readonly scales: Uint16Array;
  readonly nibbles: Uint8Array;
}

/** Rounds weights [outputs, columns] by a method that writes scales and nibbles. */
export function rounded(
  weights: Float32Array,
  round: (values: Float32Array, scales: Uint16Array, nibbles: Uint8Array) => void,
): Rounded {
  const result = { scales: new Uint16Array(weights.length / 32), nibbles: new Uint8Array(weights.length / 2) };
  round(weights, result.scales, result.nibbles);
  return result;
}

/** Rounds weights [outputs, columns] by a method that writes scales and bytes; the values those stand for. */
export function rounded8(
  weights: Float32Array,
  round: (values: Float32Array, scales: Uint16Array, bytes: Uint8Array) => void,
): Float32Array {
  const scales = new Uint16Array(weights.length / 32);
  const bytes = new Uint8Array(weights.length);
  round(weights, scales, bytes);
  return weights.map((_, i) => (bytes[i]! - 128) * halfValue(scales[i >> 5]!));
}

/** Σ (x · (w − q))² over rows x and outputs w: what rounding does to a product. */
export function productError(rows: Float32Array, weights: Float32Array, { scales, nibbles }: Rounded, columns: number) {
  const values = weights.map((_, i) => (((nibbles[i >> 1]! >> (4 * (i & 1))) & 15) - 8) * halfValue(scales[i >> 5]!));
  return valuesError(rows, weights, values, columns);
}

/** The same of values in place of rounded ones. */
export function valuesError(rows: Float32Array, weights: Float32Array, values: Float32Array, columns: number): number {
  const difference = weights.map((weight, i) => weight - values[i]!);
  let error = 0;
  for (let row = 0; row < rows.length; row += columns)
    for (let output = 0; output < difference.length; output += columns) {
      let sum = 0;
      for (let i = 0; i < columns; i++) sum += rows[row + i]! * difference[output + i]!;
      error += sum * sum;
    }
  return error;
}
