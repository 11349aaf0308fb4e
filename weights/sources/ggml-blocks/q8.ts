import { halfAt, type SteppedType, scaleFirstSteps } from "./block-type.ts";

const VALUES = 32;

/** Scale (float16), 32 signed bytes: q · d. */
export const Q8_0: SteppedType = {
  name: "Q8_0",
  values: VALUES,
  bytes: 34,
  steps: scaleFirstSteps(34),
  dequantise: (blocks, into) => {
    for (let at = 0, out = 0; at < blocks.length; at += Q8_0.bytes, out += VALUES) {
      const scale = halfAt(blocks, at);
      for (let i = 0; i < VALUES; i++) into[out + i] = ((blocks[at + 2 + i]! << 24) >> 24) * scale;
    }
  },
};
