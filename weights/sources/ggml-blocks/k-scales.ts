import { halfAt, type SteppedType } from "./block-type.ts";

/*
 * Q4_K and Q5_K: 12 bytes with a 6-bit scale and a 6-bit minimum for each of 8 groups. Groups 0 – 3 have theirs in the
 * low six bits of bytes 0 – 3 (scale) and 4 – 7 (minimum), whose high two bits complete those of groups 4 – 7; their low
 * four bits are the halves of bytes 8 – 11.
 */

export const K_SCALES_BYTES = 12;

export const groupScale = (blocks: Uint8Array, at: number, group: number): number =>
  group < 4 ? blocks[at + group]! & 63 : (blocks[at + group + 4]! & 15) | ((blocks[at + group - 4]! >> 6) << 4);

export const groupMinimum = (blocks: Uint8Array, at: number, group: number): number =>
  group < 4 ? blocks[at + group + 4]! & 63 : (blocks[at + group + 4]! >> 4) | ((blocks[at + group]! >> 6) << 4);

/** The steps of blocks of 8 groups of 32 that begin with the scales' common factor. */
export function groupSteps(blockBytes: number, scalesAt: number): SteppedType["steps"] {
  return (blocks, into) => {
    for (let at = 0, out = 0; at < blocks.length; at += blockBytes) {
      const factor = halfAt(blocks, at);
      for (let group = 0; group < 8; group++, out += 2)
        into.fill(factor * groupScale(blocks, at + scalesAt, group), out, out + 2);
    }
  };
}
