import { halfAt, type SteppedType } from "./block-type.ts";
import { groupMinimum, groupScale, groupSteps, K_SCALES_BYTES } from "./k-scales.ts";

const VALUES = 256;
const GROUP = 32;
const SCALES_AT = 4;
const QUANTS_AT = SCALES_AT + K_SCALES_BYTES;
const BYTES = QUANTS_AT + VALUES / 2;

/**
 * Common factors d and dmin (float16), 8 scales and minimums, 128 bytes: d · scale · q − dmin · minimum. Of each run of
 * 64 values, byte i of 32 holds value i in its low and value i + 32 in its high half.
 */
export const Q4_K: SteppedType = {
  name: "Q4_K",
  values: VALUES,
  bytes: BYTES,
  steps: groupSteps(BYTES, SCALES_AT),
  dequantise: (blocks, into) => {
    for (let at = 0, out = 0; at < blocks.length; at += Q4_K.bytes, out += VALUES) {
      const factor = halfAt(blocks, at);
      const minimumFactor = halfAt(blocks, at + 2);
      for (let group = 0; group < VALUES / GROUP; group++) {
        const scale = factor * groupScale(blocks, at + SCALES_AT, group);
        const minimum = minimumFactor * groupMinimum(blocks, at + SCALES_AT, group);
        const quants = at + QUANTS_AT + (group >> 1) * GROUP;
        const shift = (group & 1) * 4;
        const start = out + group * GROUP;
        for (let i = 0; i < GROUP; i++) into[start + i] = scale * ((blocks[quants + i]! >> shift) & 15) - minimum;
      }
    }
  },
};
