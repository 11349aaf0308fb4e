import { halfAt, type SteppedType } from "./block-type.ts";

const VALUES = 256;
const GROUP = 16;
const QUANTS_AT = 16;
const SCALE_AT = QUANTS_AT + VALUES / 4;

/**
 * 16 bytes with a 4-bit scale (low) and minimum (high) for each group of 16 values, 64 bytes, then their common factors
 * d and dmin (float16): d · scale · q − dmin · minimum. Of each run of 128 values, byte i of 32 holds values i, i + 32,
 * i + 64 and i + 96, two bits each from the lowest on.
 */
export const Q2_K: SteppedType = {
  name: "Q2_K",
  values: VALUES,
  bytes: SCALE_AT + 4,
  steps: (blocks, into) => {
    for (let at = 0, out = 0; at < blocks.length; at += Q2_K.bytes) {
      const factor = halfAt(blocks, at + SCALE_AT);
      for (let group = 0; group < VALUES / GROUP; group++) into[out++] = factor * (blocks[at + group]! & 15);
    }
  },
  dequantise: (blocks, into) => {
    for (let at = 0, out = 0; at < blocks.length; at += Q2_K.bytes, out += VALUES) {
      const factor = halfAt(blocks, at + SCALE_AT);
      const minimumFactor = halfAt(blocks, at + SCALE_AT + 2);
      for (let first = 0; first < VALUES; first += GROUP) {
        const packed = blocks[at + first / GROUP]!;
        const scale = factor * (packed & 15);
        const minimum = minimumFactor * (packed >> 4);
        const quants = at + QUANTS_AT + (first >> 7) * 32 + (first & GROUP);
        const shift = ((first >> 5) & 3) * 2;
        for (let i = 0; i < GROUP; i++) into[out + first + i] = scale * ((blocks[quants + i]! >> shift) & 3) - minimum;
      }
    }
  },
};
