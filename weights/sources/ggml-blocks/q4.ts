import { halfAt, type SteppedType, scaleFirstSteps } from "./block-type.ts";

/*
 * Blocks of 32 in 4 bits; byte i holds value i in its low and value i + 16 in its high half.
 */

const VALUES = 32;
const HALF = VALUES / 2;

/** Scale (float16), 16 bytes: (q − 8) · d. */
export const Q4_0: SteppedType = {
  name: "Q4_0",
  values: VALUES,
  bytes: 18,
  steps: scaleFirstSteps(18),
  dequantise: (blocks, into) => {
    for (let at = 0, out = 0; at < blocks.length; at += Q4_0.bytes, out += VALUES) {
      const scale = halfAt(blocks, at);
      for (let i = 0; i < HALF; i++) {
        const pair = blocks[at + 2 + i]!;
        into[out + i] = ((pair & 15) - 8) * scale;
        into[out + i + HALF] = ((pair >> 4) - 8) * scale;
      }
    }
  },
};

/** Scale, minimum (float16), 16 bytes: q · d + m. */
export const Q4_1: SteppedType = {
  name: "Q4_1",
  values: VALUES,
  bytes: 20,
  steps: scaleFirstSteps(20),
  dequantise: (blocks, into) => {
    for (let at = 0, out = 0; at < blocks.length; at += Q4_1.bytes, out += VALUES) {
      const scale = halfAt(blocks, at);
      const minimum = halfAt(blocks, at + 2);
      for (let i = 0; i < HALF; i++) {
        const pair = blocks[at + 4 + i]!;
        into[out + i] = (pair & 15) * scale + minimum;
        into[out + i + HALF] = (pair >> 4) * scale + minimum;
      }
    }
  },
};
