const MIN_NORMAL: u32 = 0x38800000;
/** 0.5, whose last place is the unit of half-precision subnormals. */
const SUBNORMAL_MAGIC: u32 = 0x3f000000;
/** 15 − 127 in the exponent, and just under half of the last place that is kept. */
const REBIAS_AND_ROUND: u32 = 0xc8000fff;

/** Bits of the fp16 nearest to a number below 65520, ties to even. */
export function halfBits(value: f32): u32 {
  const bits = reinterpret<u32>(value);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude < MIN_NORMAL) {
    const shifted = reinterpret<f32>(magnitude) + reinterpret<f32>(SUBNORMAL_MAGIC);
    return sign | (reinterpret<u32>(shifted) - SUBNORMAL_MAGIC);
  }
  return sign | ((magnitude + REBIAS_AND_ROUND + ((magnitude >>> 13) & 1)) >>> 13);
}

/** The number finite fp16 bits stand for. */
export function halfValue(bits: u32): f32 {
  const magnitude = reinterpret<f32>((bits & 0x7fff) << 13) * reinterpret<f32>(0x77800000);
  return bits & 0x8000 ? -magnitude : magnitude;
}
