import { WeightsError } from "../errors.ts";
import { QUANTISATION_BLOCK } from "./round.ts";

const HALF = QUANTISATION_BLOCK / 2;
const SCALE_BYTES = 2;
const Q4_0_BLOCK_BYTES = SCALE_BYTES + HALF;
const EXPONENT_MASK = 0x7c00;

/**
 * Q4_0 blocks → 4-bit weights, which are the same (q − 8) · d: scales stay the float16 they are, quantised values the
 * integers they are, and nothing is lost. A Q4_0 byte holds values i and i + 16, a MatMulNBits byte values 2 i and 2 i + 1.
 *
 * @param scales one fp16 bit pattern a block
 * @param nibbles two columns a byte, the even one in the low nibble
 * @throws WeightsError when a scale is not finite
 */
export function passThrough4(blocks: Uint8Array, scales: Uint16Array, nibbles: Uint8Array): void {
  for (let at = 0, block = 0; at < blocks.length; at += Q4_0_BLOCK_BYTES, block++) {
    scales[block] = finiteScale(blocks, at, block);
    const out = block * HALF;
    for (let i = 0; i < HALF; i += 2) {
      const first = blocks[at + SCALE_BYTES + i]!;
      const second = blocks[at + SCALE_BYTES + i + 1]!;
      nibbles[out + i / 2] = (first & 15) | ((second & 15) << 4);
      nibbles[out + (HALF + i) / 2] = (first >> 4) | (second & 0xf0);
    }
  }
}

function finiteScale(blocks: Uint8Array, at: number, block: number): number {
  const bits = blocks[at]! | (blocks[at + 1]! << 8);
  if ((bits & EXPONENT_MASK) === EXPONENT_MASK)
    throw new WeightsError(`expected finite scales, found another in block ${block}: the checkpoint is damaged`);
  return bits;
}
