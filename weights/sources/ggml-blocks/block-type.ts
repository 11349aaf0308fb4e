import { halfValue } from "../../quantise/half.ts";

/** A way ggml stores rows: blocks of `values` neighbours in `bytes` bytes, little-endian. */
export interface BlockType {
  /** As in ggml's own tables. */
  readonly name: string;
  readonly values: number;
  readonly bytes: number;
  /** Turns whole blocks into float32, with the one rounding ggml's float32 arithmetic has. */
  readonly dequantise: (blocks: Uint8Array, into: Float32Array) => void;
}

/** A way to store quantised values: levels evenly apart in every 16 values. */
export interface SteppedType extends BlockType {
  /** How far those levels lie apart, a number for every 16 values in turn. */
  readonly steps: (blocks: Uint8Array, into: Float32Array) => void;
}

/** Values that share a step of `SteppedType.steps`. */
export const STEP_VALUES = 16;

/** The float16 at byte `at`. */
export const halfAt = (bytes: Uint8Array, at: number): number => halfValue(bytes[at]! | (bytes[at + 1]! << 8));

/** The steps of a type whose blocks of 32 begin with their scale. */
export function scaleFirstSteps(blockBytes: number): SteppedType["steps"] {
  return (blocks, into) => {
    for (let at = 0, out = 0; at < blocks.length; at += blockBytes, out += 2)
      into.fill(halfAt(blocks, at), out, out + 2);
  };
}
