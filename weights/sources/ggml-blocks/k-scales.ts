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
