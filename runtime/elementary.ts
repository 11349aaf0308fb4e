/*
 * Elementary functions of our own. Engines are free to differ in the last bit of Math.exp and its kin; these use only
 * correctly rounded IEEE 754 additions, multiplications and divisions in a fixed order, so every machine gets the same
 * bits. Each reduces its argument and sums a Taylor series long enough that the remainder is below 2^-56.
 */

/** ln 2 in two parts; the first ends in 21 zero bits, so its product with an exponent is exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

/** π/2 in three parts; the first two have 33 bits, so their products with counts below 2^20 are exact. */
const HALF_PI_HIGH = 1.5707963267341256;
const HALF_PI_MIDDLE = 6.077100506303966e-11;
const HALF_PI_LOW = 2.0222662487959506e-21;
const INVERSE_HALF_PI = 0.6366197723675814;

/** The largest |angle| in radians that `sin` and `cos` take: 2^20 quarter turns. */
export const MAX_ANGLE = 1_647_099;

const TWO_52 = 4_503_599_627_370_496;

type FloatArray = Float32Array | Float64Array;

const bits = new DataView(new ArrayBuffer(8));

/** 2^exponent for −1022 ≤ exponent ≤ 1023. */
function powerOfTwo(exponent: number): number {
  bits.setUint32(0, (exponent + 1023) << 20);
  bits.setUint32(4, 0);
  return bits.getFloat64(0);
}

/** e^x, within 1 unit in the last place; 0 below −745.2, Infinity above 709.8. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  if (x < -745.1332191019412) return 0;
  const exponent = Math.floor(x * Math.LOG2E + 0.5);
  const high = x - exponent * LN2_HIGH;
  const low = exponent * LN2_LOW;
  const r = high - low;
  let tail = 1 / 6_227_020_800;
  tail = 1 / 479_001_600 + r * tail;
  tail = 1 / 39_916_800 + r * tail;
  tail = 1 / 3_628_800 + r * tail;
  tail = 1 / 362_880 + r * tail;
  tail = 1 / 40_320 + r * tail;
  tail = 1 / 5_040 + r * tail;
  tail = 1 / 720 + r * tail;
  tail = 1 / 120 + r * tail;
  tail = 1 / 24 + r * tail;
  tail = 1 / 6 + r * tail;
  tail = 1 / 2 + r * tail;
  // What rounding took from r is put back, since it counts in full in the result.
  const lost = high - r - low;
  const y = 1 + (r + (r * r * tail + lost));
  if (exponent > 1023) return y * 2 * powerOfTwo(exponent - 1);
  if (exponent < -1022) return y * powerOfTwo(exponent + 64) * powerOfTwo(-64);
  return y * powerOfTwo(exponent);
}

/** Natural logarithm, within 1 unit in the last place; −Infinity at 0, NaN below. */
export function log(x: number): number {
  if (Number.isNaN(x) || x < 0) return Number.NaN;
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (x === Number.POSITIVE_INFINITY) return x;
  let exponent = -1023;
  if (x < 2.2250738585072014e-308) {
    x *= TWO_52;
    exponent -= 52;
  }
  bits.setFloat64(0, x);
  const head = bits.getUint32(0);
  exponent += head >>> 20;
  bits.setUint32(0, (head & 0xfffff) | 0x3ff00000);
  let mantissa = bits.getFloat64(0);
  if (mantissa >= Math.SQRT2) {
    mantissa /= 2;
    exponent += 1;
  }
  // ln(1 + f) = 2 artanh(s) with s = f / (2 + f); f − f²/2 is taken out because it is (nearly) exact.
  const f = mantissa - 1;
  const s = f / (2 + f);
  const z = s * s;
  let tail = 2 / 23;
  tail = 2 / 21 + z * tail;
  tail = 2 / 19 + z * tail;
  tail = 2 / 17 + z * tail;
  tail = 2 / 15 + z * tail;
  tail = 2 / 13 + z * tail;
  tail = 2 / 11 + z * tail;
  tail = 2 / 9 + z * tail;
  tail = 2 / 7 + z * tail;
  tail = 2 / 5 + z * tail;
  tail = 2 / 3 + z * tail;
  tail *= z;
  const halfSquare = 0.5 * f * f;
  return exponent * LN2_HIGH - (halfSquare - (s * (halfSquare + tail) + exponent * LN2_LOW) - f);
}

/** sin(r + rest) for |r| ≤ π/4 and a rest far below r's last place. */
function sinSeries(r: number, rest: number): number {
  const z = r * r;
  let tail = 1 / 355_687_428_096_000;
  tail = -1 / 1_307_674_368_000 + z * tail;
  tail = 1 / 6_227_020_800 + z * tail;
  tail = -1 / 39_916_800 + z * tail;
  tail = 1 / 362_880 + z * tail;
  tail = -1 / 5_040 + z * tail;
  tail = 1 / 120 + z * tail;
  tail = -1 / 6 + z * tail;
  return r + (r * z * tail + rest * (1 - 0.5 * z));
}

/** cos(r + rest) for |r| ≤ π/4 and a rest far below r's last place. */
function cosSeries(r: number, rest: number): number {
  const z = r * r;
  let tail = 1 / 20_922_789_888_000;
  tail = -1 / 87_178_291_200 + z * tail;
  tail = 1 / 479_001_600 + z * tail;
  tail = -1 / 3_628_800 + z * tail;
  tail = 1 / 40_320 + z * tail;
  tail = -1 / 720 + z * tail;
  tail = 1 / 24 + z * tail;
  const half = 0.5 * z;
  const head = 1 - half;
  return head + (1 - head - half + (z * z * tail - r * rest));
}

/**
 * Writes sine and cosine of each of `angles` (radians) to place `first` … of the tables, within 1 unit in the last place;
 * RangeError beyond MAX_ANGLE. Numbers go through arrays, since V8 puts those that functions pass on the heap.
 */
export function sinesAndCosines(angles: Float64Array, sines: FloatArray, cosines: FloatArray, first: number): void {
  for (let i = 0; i < angles.length; i++) {
    const angle = angles[i]!;
    if (!(Math.abs(angle) <= MAX_ANGLE)) throw new RangeError(`angle ${angle} is outside ±${MAX_ANGLE} radians`);
    const count = Math.floor(angle * INVERSE_HALF_PI + 0.5);
    const high = angle - count * HALF_PI_HIGH;
    const middle = high - count * HALF_PI_MIDDLE;
    const low = count * HALF_PI_LOW - (high - middle - count * HALF_PI_MIDDLE);
    const r = middle - low;
    const rest = middle - r - low;
    const sine = sinSeries(r, rest);
    const cosine = cosSeries(r, rest);
    const quadrant = count & 3;
    const turnedSine = quadrant & 1 ? cosine : sine;
    const turnedCosine = quadrant & 1 ? -sine : cosine;
    sines[first + i] = quadrant & 2 ? -turnedSine : turnedSine;
    cosines[first + i] = quadrant & 2 ? -turnedCosine : turnedCosine;
  }
}
