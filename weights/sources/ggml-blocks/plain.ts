import { type BlockType, halfAt } from "./block-type.ts";

export const F32: BlockType = {
  name: "F32",
  values: 1,
  bytes: 4,
  dequantise: (blocks, into) =>
    new Uint8Array(into.buffer, into.byteOffset, blocks.length).set(blocks.subarray(0, into.byteLength)),
};

export const F16: BlockType = {
  name: "F16",
  values: 1,
  bytes: 2,
  dequantise: (blocks, into) => {
    for (let at = 0, i = 0; at < blocks.length; at += 2) into[i++] = halfAt(blocks, at);
  },
};

/** bfloat16 is the upper half of a float32. */
export const BF16: BlockType = {
  name: "BF16",
  values: 1,
  bytes: 2,
  dequantise: (blocks, into) => {
    const bits = new Uint32Array(into.buffer, into.byteOffset, into.length);
    for (let at = 0, i = 0; at < blocks.length; at += 2) bits[i++] = (blocks[at]! | (blocks[at + 1]! << 8)) << 16;
  },
};
