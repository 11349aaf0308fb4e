import { halfAt, type SteppedType, scaleFirstSteps } from "./block-type.ts";

/*
 * Blocks of 32 in 5 bits: four lower ones as in Q4_0, the fifth of value i in bit i of four bytes before them.
 */

const VALUES = 32;
const HALF = VALUES / 2;
const HIGH_BYTES = 4;

const fifthBit = (blocks: Uint8Array, highAt: number, i: number) => ((blocks[highAt + (i >> 3)]! >> (i & 7)) & 1) << 4;

/** Scale (float16), 4 bytes of fifth bits, 16 bytes: (q − 16) · d. */
export const Q5_0: SteppedType = {
  name: "Q5_0",
  values: VALUES,
  bytes: 22,
  steps: scaleFirstSteps(22),
  dequantise: (blocks, into) => {
    for (let at = 0, out = 0; at < blocks.length; at += Q5_0.bytes, out += VALUES) {
      const scale = halfAt(blocks, at);
      for (let i = 0; i < HALF; i++) {
        const pair = blocks[at + 2 + HIGH_BYTES + i]!;
        into[out + i] = (((pair & 15) | fifthBit(blocks, at + 2, i)) - 16) * scale;
        into[out + i + HALF] = (((pair >> 4) | fifthBit(blocks, at + 2, i + HALF)) - 16) * scale;
      }
    }
  },
};

/** Scale, minimum (float16), 4 bytes of fifth bits, 16 bytes: q · d + m. */
export const Q5_1: SteppedType = {
  name: "Q5_1",
  values: VALUES,
  bytes: 24,
  steps: scaleFirstSteps(24),
  dequantise: (blocks, into) => {
    for (let at = 0, out = 0; at < blocks.length; at += Q5_1.bytes, out += VALUES) {
      const scale = halfAt(blocks, at);
      const minimum = halfAt(blocks, at + 2);
      for (let i = 0; i < HALF; i++) {
        const pair = blocks[at + 4 + HIGH_BYTES + i]!;
        into[out + i] = ((pair & 15) | fifthBit(blocks, at + 4, i)) * scale + minimum;
        into[out + i + HALF] = ((pair >> 4) | fifthBit(blocks, at + 4, i + HALF)) * scale + minimum;
      }
    }
  },
};
