import { halfAt, type SteppedType } from "./block-type.ts";

const VALUES = 256;
const GROUP = 16;
const HIGH_AT = VALUES / 2;
const SCALES_AT = HIGH_AT + VALUES / 4;
const FACTOR_AT = SCALES_AT + VALUES / GROUP;

/**
 * 128 bytes of lower four bits, 64 of upper two, a signed byte of scale for each group of 16, a common factor d
 * (float16): d · scale · (q − 32). Of each run of 128 values, low byte i of 64 holds value i in its low and value i + 64
 * in its high half; high byte i of 32 holds values i, i + 32, i + 64 and i + 96 from its lowest bits on.
 */
export const Q6_K: SteppedType = {
  name: "Q6_K",
  values: VALUES,
  bytes: FACTOR_AT + 2,
  steps: (blocks, into) => {
    for (let at = 0, out = 0; at < blocks.length; at += Q6_K.bytes) {
      const factor = halfAt(blocks, at + FACTOR_AT);
      for (let group = 0; group < VALUES / GROUP; group++)
        into[out++] = factor * ((blocks[at + SCALES_AT + group]! << 24) >> 24);
    }
  },
  dequantise: (blocks, into) => {
    for (let at = 0, out = 0; at < blocks.length; at += Q6_K.bytes, out += VALUES) {
      const factor = halfAt(blocks, at + FACTOR_AT);
      for (let first = 0; first < VALUES; first += GROUP) {
        const scale = factor * ((blocks[at + SCALES_AT + first / GROUP]! << 24) >> 24);
        const run = first >> 7;
        const inRun = first & 127;
        const low = at + run * 64 + (inRun & 63);
        const lowShift = (inRun >> 6) * 4;
        const high = at + HIGH_AT + run * 32 + (inRun & 31);
        const highShift = (inRun >> 5) * 2;
        for (let i = 0; i < GROUP; i++) {
          const q = ((blocks[low + i]! >> lowShift) & 15) | (((blocks[high + i]! >> highShift) & 3) << 4);
          into[out + first + i] = scale * (q - 32);
        }
      }
    }
  },
};
