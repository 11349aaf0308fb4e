import { halfAt, type SteppedType } from "./block-type.ts";

const VALUES = 256;
const GROUP = 16;
const HIGH_BYTES = 32;
const QUANTS_AT = HIGH_BYTES;
const SCALES_AT = QUANTS_AT + VALUES / 4;
const FACTOR_AT = SCALES_AT + 12;

/**
 * 32 bytes of third bits, 64 bytes of lower bits (placed as in Q2_K), 12 bytes of 6-bit scales, a common factor d
 * (float16): d · (scale − 32) · (q − 4). Bit b of high byte i belongs to value i + 32 b.
 */
export const Q3_K: SteppedType = {
  name: "Q3_K",
  values: VALUES,
  bytes: FACTOR_AT + 2,
  steps: (blocks, into) => {
    for (let at = 0, out = 0; at < blocks.length; at += Q3_K.bytes) {
      const factor = halfAt(blocks, at + FACTOR_AT);
      for (let group = 0; group < VALUES / GROUP; group++)
        into[out++] = factor * (groupScale(blocks, at + SCALES_AT, group) - 32);
    }
  },
  dequantise: (blocks, into) => {
    for (let at = 0, out = 0; at < blocks.length; at += Q3_K.bytes, out += VALUES) {
      const factor = halfAt(blocks, at + FACTOR_AT);
      for (let first = 0; first < VALUES; first += GROUP) {
        const scale = factor * (groupScale(blocks, at + SCALES_AT, first / GROUP) - 32);
        const high = at + (first & GROUP);
        const quants = at + QUANTS_AT + (first >> 7) * 32 + (first & GROUP);
        const run = first >> 5;
        const shift = (run & 3) * 2;
        for (let i = 0; i < GROUP; i++) {
          const low = (blocks[quants + i]! >> shift) & 3;
          into[out + first + i] = scale * (low + ((blocks[high + i]! >> run) & 1) * 4 - 4);
        }
      }
    }
  },
};

/** Scale of group 0 … 15: its low four bits in the first eight bytes, its high two in the last four. */
function groupScale(blocks: Uint8Array, at: number, group: number): number {
  const low = group < 8 ? blocks[at + group]! & 15 : blocks[at + group - 8]! >> 4;
  const high = (blocks[at + 8 + (group & 3)]! >> ((group >> 2) * 2)) & 3;
  return low | (high << 4);
}
