import { type ByteReader, malformed } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";

/** One bit an id of the largest vocabulary a manifest may have. */
const MAX_MASK_WORDS = 1 << 15;

const WHOLE = 0;
const SET = 1;
const CLEAR = 2;

/** Writes a mask of ids as whatever is shortest: its words, the ids whose bit is set, or those whose bit is clear. */
export function writeMask(writer: ByteWriter, mask: Uint32Array): void {
  const set = mask.reduce((sum, word) => sum + bitCount(word), 0);
  const clear = 32 * mask.length - set;
  const form = Math.min(set, clear) >= mask.length ? WHOLE : set <= clear ? SET : CLEAR;
  writer.u32(mask.length);
  writer.u32(form);
  if (form === WHOLE) {
    writer.words(mask);
  } else {
    const ids = idsOf(form === SET ? mask : mask.map((word) => ~word));
    writer.u32(ids.length);
    writer.words(ids);
  }
}

export function readMask(reader: ByteReader): Uint32Array {
  const length = reader.upTo(MAX_MASK_WORDS, "words of a mask");
  const form = reader.upTo(CLEAR, "form of a mask");
  if (form === WHOLE) return reader.uint32s(length);
  const mask = new Uint32Array(length);
  for (const id of reader.uint32s(reader.upTo(length, "ids of a mask"))) {
    if (id >= 32 * length) throw malformed(`id ${id} lies outside a mask of ${length} words`);
    mask[id >>> 5]! |= 1 << (id & 31);
  }
  return form === SET ? mask : mask.map((word) => ~word);
}

function idsOf(mask: Uint32Array): Uint32Array {
  const ids: number[] = [];
  for (const [index, word] of mask.entries())
    for (let rest = word; rest !== 0; rest &= rest - 1) ids.push(32 * index + 31 - Math.clz32(rest & -rest));
  return Uint32Array.from(ids);
}

/** Bits set in 32 (Warren, Hacker's Delight, 5–1). */
function bitCount(word: number): number {
  let count = word - ((word >>> 1) & 0x5555_5555);
  count = (count & 0x3333_3333) + ((count >>> 2) & 0x3333_3333);
  return Math.imul((count + (count >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
