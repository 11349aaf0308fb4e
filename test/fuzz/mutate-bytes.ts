import type { Dice } from "./dice.ts";

const EDGES = [0n, 1n, 2n, 0x7fn, 0x80n, 0xffn, 0xffffn, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 2n ** 53n, -1n];
const MAX_SPAN_BYTES = 64;
const MAX_CHANGES = 4;

type Change = (bytes: Buffer, at: number, dice: Dice) => Buffer;

const CHANGES: readonly Change[] = [
  function flipBit(bytes, at, dice) {
    bytes[at]! ^= 1 << dice.below(8);
    return bytes;
  },
  function setByte(bytes, at, dice) {
    bytes[at] = dice.below(256);
    return bytes;
  },
  function setInteger(bytes, at, dice) {
    const size = dice.pick([1, 2, 4, 8]);
    const value = Buffer.alloc(8);
    // Edges, and what lies beside them: limits are often off by one.
    value.writeBigInt64LE(BigInt.asIntN(64, dice.pick(EDGES) + BigInt(dice.below(3) - 1)));
    value.copy(bytes, at, 0, size);
    return bytes;
  },
  function remove(bytes, at, dice) {
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + span(dice))]);
  },
  function repeat(bytes, at, dice) {
    const end = at + span(dice);
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
  },
  function copy(bytes, at, dice) {
    bytes.copyWithin(dice.below(bytes.length), at, at + span(dice));
    return bytes;
  },
  function erase(bytes, at, dice) {
    return bytes.fill(dice.pick([0, 0xff]), at, Math.min(bytes.length, at + span(dice)));
  },
  function cut(bytes, at) {
    return bytes.subarray(0, at);
  },
];

const span = (dice: Dice) => 1 + dice.below(MAX_SPAN_BYTES);

/** A copy with one to four changes, most of them among the first `headBytes`. */
export function mutateBytes(original: Uint8Array, dice: Dice, headBytes = original.length): Buffer {
  let bytes = Buffer.from(original);
  for (let changes = 1 + dice.below(MAX_CHANGES); changes > 0 && bytes.length > 0; changes--) {
    const reach = dice.below(8) === 0 ? bytes.length : Math.min(headBytes, bytes.length);
    bytes = dice.pick(CHANGES)(bytes, dice.below(reach), dice) as typeof bytes;
  }
  return bytes;
}
