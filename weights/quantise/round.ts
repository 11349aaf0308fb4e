import { WeightsError } from "../errors.ts";
import { halfBits, halfValue } from "./half.ts";

/** Columns that share one fp16 scale, in both formats. */
export const QUANTISATION_BLOCK = 32;

/**
 * Rounds to 4 bits: w ≈ (q − 8) · d, with d = fp16(m / −8) for the block's value m of the largest magnitude, so that m
 * itself becomes −8, the end of the range that is longer by one.
 *
 * @param values rows of a multiple of 32 columns, one after the other
 * @param scales one fp16 bit pattern a block
 * @param nibbles two columns a byte, the even one in the low nibble
 * @throws WeightsError when a value is not finite or its scale leaves fp16's range
 */
export function quantise4(values: Float32Array, scales: Uint16Array, nibbles: Uint8Array): void {
  for (let start = 0, block = 0; start < values.length; start += QUANTISATION_BLOCK, block++) {
    let extreme = 0;
    let largest = 0;
    let sum = 0;
    for (let i = start; i < start + QUANTISATION_BLOCK; i++) {
      const value = values[i]!;
      const magnitude = Math.abs(value);
      sum += magnitude;
      if (magnitude > largest) {
        largest = magnitude;
        extreme = value;
      }
    }
    const scale = storeScale(scales, block, extreme / -8, sum);
    const inverse = scale === 0 ? 0 : 1 / scale;
    for (let i = start; i < start + QUANTISATION_BLOCK; i += 2) {
      // Biased by 8.5, truncation is rounding; the bias keeps both operands positive but for a scale rounded down.
      const low = Math.max(0, Math.min(15, (values[i]! * inverse + 8.5) | 0));
      const high = Math.max(0, Math.min(15, (values[i + 1]! * inverse + 8.5) | 0));
      nibbles[i >> 1] = low | (high << 4);
    }
  }
}

/**
 * Rounds to 8 bits: w ≈ (q − 128) · s, with s = fp16(max |w| / 127) over the block.
 *
 * @param values rows of a multiple of 32 columns, one after the other
 * @param scales one fp16 bit pattern a block
 * @param bytes one column a byte, in 1 … 255
 * @throws WeightsError when a value is not finite or its scale leaves fp16's range
 */
export function quantise8(values: Float32Array, scales: Uint16Array, bytes: Uint8Array): void {
  for (let start = 0, block = 0; start < values.length; start += QUANTISATION_BLOCK, block++) {
    let largest = 0;
    let sum = 0;
    for (let i = start; i < start + QUANTISATION_BLOCK; i++) {
      const magnitude = Math.abs(values[i]!);
      sum += magnitude;
      if (magnitude > largest) largest = magnitude;
    }
    const scale = storeScale(scales, block, largest / 127, sum);
    const inverse = scale === 0 ? 0 : 1 / scale;
    for (let i = start; i < start + QUANTISATION_BLOCK; i++)
      bytes[i] = Math.max(1, Math.min(255, (values[i]! * inverse + 128.5) | 0));
  }
}

/** Stores a block's scale and returns its value as rounded; `sum`, of the block's magnitudes, shows a NaN anywhere. */
function storeScale(scales: Uint16Array, block: number, exact: number, sum: number): number {
  const bits = halfBits(exact);
  const scale = halfValue(bits);
  if (!Number.isFinite(sum) || !Number.isFinite(scale))
    throw new WeightsError(
      `expected finite weights within 500,000 of zero, found others among values ${block * QUANTISATION_BLOCK} to ` +
        `${(block + 1) * QUANTISATION_BLOCK - 1}: the checkpoint is damaged or its training diverged`,
    );
  scales[block] = bits;
  return scale;
}
