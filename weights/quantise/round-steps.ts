import { halfBits, halfValue } from "./half.ts";
import { QUANTISATION_BLOCK, quantise8 } from "./round.ts";

/** The longer end of the range of a level in 8 bits. */
const MOST_LEVELS = 128;
/** Beyond it a step is wider than every value: values that are all offset and no level, as a damaged file has them. */
const MOST_PARTS = MOST_LEVELS;

/**
 * Rounds to 8 bits values whose levels lie evenly apart, as ggml's do: beside the scale that `quantise8` takes, the step
 * and its divisors are tried, and the one with the least error stays. Where values are whole numbers of steps (Q4_0,
 * Q5_0, Q8_0) nothing is lost.
 *
 * @param values rows of a multiple of 32 columns, one after the other
 * @param steps from a level to the next, two a block of 32: in its first and in its second half
 * @param scales one fp16 bit pattern a block
 * @param bytes one column a byte, 128 standing for 0
 * @throws WeightsError when a value is not finite or its scale leaves fp16's range
 */
export function quantiseSteps8(
  values: Float32Array,
  steps: Float32Array,
  scales: Uint16Array,
  bytes: Uint8Array,
): void {
  quantise8(values, scales, bytes);
  for (let block = 0; block < scales.length; block++) {
    const start = block * QUANTISATION_BLOCK;
    const own = values.subarray(start, start + QUANTISATION_BLOCK);
    const closest = closestScale(own, steps[block * 2]!, steps[block * 2 + 1]!, scales[block]!);
    if (closest === scales[block]) continue;
    scales[block] = closest;
    const inverse = 1 / halfValue(closest);
    for (let i = 0; i < QUANTISATION_BLOCK; i++) bytes[start + i] = levelOf(own[i]! * inverse) + MOST_LEVELS;
  }
}

/** The scale's bits that round these values best: `plain`, or a part of one of the steps. */
function closestScale(values: Float32Array, first: number, second: number, plain: number): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  let best = plain;
  let least = largest === 0 ? 0 : squaredError(values, halfValue(plain));
  for (const step of first === second ? [first] : [first, second]) {
    const mostParts = Math.min(MOST_PARTS, (Math.abs(step) * MOST_LEVELS) / largest);
    for (let parts = 1; least > 0 && parts <= mostParts; parts++) {
      const bits = halfBits(step / parts);
      const error = squaredError(values, halfValue(bits));
      if (error < least) {
        least = error;
        best = bits;
      }
    }
  }
  return best;
}

function squaredError(values: Float32Array, scale: number): number {
  if (scale === 0) return Number.POSITIVE_INFINITY;
  const inverse = 1 / scale;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const error = values[i]! - levelOf(values[i]! * inverse) * scale;
    sum += error * error;
  }
  return sum;
}

/** The nearest level in −128 … 127. */
function levelOf(ratio: number): number {
  // Biased to be positive, truncation is rounding.
  return Math.max(0, Math.min(255, (ratio + MOST_LEVELS + 0.5) | 0)) - MOST_LEVELS;
}
