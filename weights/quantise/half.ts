/*
 * IEEE 754 binary16, as stored for scales. Rounding is to nearest, ties to even, straight from the double: by way of
 * float32 some values would be rounded twice.
 */

const INFINITY_BITS = 0x7c00;
/** Half way between the largest binary16 (65504) and what would come next: from here on a value is infinite. */
const OVERFLOW = 65_520;
const MIN_NORMAL = 2 ** -14;
const SUBNORMAL_UNITS = 2 ** 24;

const double = new Float64Array(1);
const doubleWords = new Uint32Array(double.buffer);
const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** The 16 bits nearest to a number that is not NaN. */
export function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= OVERFLOW) return sign | INFINITY_BITS;
  if (magnitude < MIN_NORMAL) return sign | roundHalfEven(magnitude * SUBNORMAL_UNITS);
  double[0] = magnitude;
  const exponent = (doubleWords[1]! >>> 20) - 1023;
  // The mantissa as a number in [1024, 2048): the same bits under the exponent of 1024.
  doubleWords[1] = (doubleWords[1]! & 0xfffff) | ((10 + 1023) << 20);
  // A mantissa that rounds up to 2048 carries into the exponent, which is the right answer.
  return sign | (((exponent + 14) << 10) + roundHalfEven(double[0]!));
}

/** The number 16 bits stand for. */
export function halfValue(bits: number): number {
  const exponent = (bits >>> 10) & 31;
  const mantissa = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return (sign * mantissa) / SUBNORMAL_UNITS;
  singleBits[0] = ((bits & 0x8000) << 16) | ((exponent + 112) << 23) | (mantissa << 13);
  return single[0]!;
}
