import { WeightsError } from "../errors.ts";
import { QUANTISATION_BLOCK } from "./round.ts";

/*
 * ggml's blocks of 32 as MatMulNBits wants them. Scales stay the float16 they are and quantised values the integers they
 * are, so nothing is lost: (q − 8) · d of Q4_0 is MatMulNBits's 4-bit default, and q · d of Q8_0 its 8 bits around 128.
 */

const HALF = QUANTISATION_BLOCK / 2;
const SCALE_BYTES = 2;
export const Q4_0_BLOCK_BYTES = SCALE_BYTES + HALF;
export const Q8_0_BLOCK_BYTES = SCALE_BYTES + QUANTISATION_BLOCK;
const EXPONENT_MASK = 0x7c00;

/**
 * Q4_0 blocks → 4-bit weights. A Q4_0 byte holds values i and i + 16, a MatMulNBits byte values 2 i and 2 i + 1.
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

/**
 * Q8_0 blocks → 8-bit weights: a signed byte q becomes q + 128.
 *
 * @param scales one fp16 bit pattern a block
 * @param bytes one column a byte
 * @throws WeightsError when a scale is not finite
 */
export function passThrough8(blocks: Uint8Array, scales: Uint16Array, bytes: Uint8Array): void {
  for (let at = 0, block = 0; at < blocks.length; at += Q8_0_BLOCK_BYTES, block++) {
    scales[block] = finiteScale(blocks, at, block);
    const out = block * QUANTISATION_BLOCK;
    for (let i = 0; i < QUANTISATION_BLOCK; i++) bytes[out + i] = blocks[at + SCALE_BYTES + i]! ^ 0x80;
  }
}

function finiteScale(blocks: Uint8Array, at: number, block: number): number {
  const bits = blocks[at]! | (blocks[at + 1]! << 8);
  if ((bits & EXPONENT_MASK) === EXPONENT_MASK)
    throw new WeightsError(`expected finite scales, found another in block ${block}: the checkpoint is damaged`);
  return bits;
}
