import { halfAt, type SteppedType } from "./block-type.ts";
import { groupMinimum, groupScale, groupSteps, K_SCALES_BYTES } from "./k-scales.ts";

const VALUES = 256;
const GROUP = 32;
const SCALES_AT = 4;
const HIGH_AT = SCALES_AT + K_SCALES_BYTES;
const QUANTS_AT = HIGH_AT + GROUP;
const BYTES = QUANTS_AT + VALUES / 2;

/** Like Q4_K with 32 bytes of fifth bits before the lower ones: bit g of byte i belongs to value i of group g. */
export const Q5_K: SteppedType = {
  name: "Q5_K",
  values: VALUES,
  bytes: BYTES,
  steps: groupSteps(BYTES, SCALES_AT),
  dequantise: (blocks, into) => {
    for (let at = 0, out = 0; at < blocks.length; at += Q5_K.bytes, out += VALUES) {
      const factor = halfAt(blocks, at);
      const minimumFactor = halfAt(blocks, at + 2);
      for (let group = 0; group < VALUES / GROUP; group++) {
        const scale = factor * groupScale(blocks, at + SCALES_AT, group);
        const minimum = minimumFactor * groupMinimum(blocks, at + SCALES_AT, group);
        const quants = at + QUANTS_AT + (group >> 1) * GROUP;
        const shift = (group & 1) * 4;
        const start = out + group * GROUP;
        for (let i = 0; i < GROUP; i++) {
          const high = (blocks[at + HIGH_AT + i]! >> group) & 1;
          into[start + i] = scale * (((blocks[quants + i]! >> shift) & 15) | (high << 4)) - minimum;
        }
      }
    }
  },
};
