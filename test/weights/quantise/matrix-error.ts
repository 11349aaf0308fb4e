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

/** Σ (x · (w − q))² over rows x and outputs w: what rounding does to a product. */
export function productError(rows: Float32Array, weights: Float32Array, { scales, nibbles }: Rounded, columns: number) {
  const difference = weights.map(
    (weight, i) => weight - (((nibbles[i >> 1]! >> (4 * (i & 1))) & 15) - 8) * halfValue(scales[i >> 5]!),
  );
  let error = 0;
  for (let row = 0; row < rows.length; row += columns)
    for (let output = 0; output < difference.length; output += columns) {
      let sum = 0;
      for (let i = 0; i < columns; i++) sum += rows[row + i]! * difference[output + i]!;
      error += sum * sum;
    }
  return error;
}
