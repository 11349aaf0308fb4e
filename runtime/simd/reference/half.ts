const float = Math.fround;
const number = new Float32Array(1);
const bits = new Uint32Array(number.buffer);
const LARGEST = 65_504;
const SMALLEST_NORMAL = 2 ** -14;

/** The float16 next to x, halves to even; NaN and magnitudes over 65504 give 65504. */
export function halfOf(x: number): number {
  const magnitude = Math.abs(x);
  number[0] = magnitude < LARGEST ? magnitude : LARGEST;
  if (number[0] < SMALLEST_NORMAL) {
    number[0] = float(number[0] + 0.5);
    bits[0]! -= 0x3f000000;
  } else {
    bits[0]! += 0xc8000fff + ((bits[0]! >>> 13) & 1);
    bits[0]! >>>= 13;
  }
  const half = bits[0]!;
  number[0] = x;
  return half | ((bits[0]! >>> 16) & 0x8000);
}

/** The value of a finite float16. */
export function floatOfHalf(half: number): number {
  bits[0] = (half & 0x7fff) << 13;
  const magnitude = number[0]! * 2 ** 112;
  return half & 0x8000 ? -magnitude : magnitude;
}
