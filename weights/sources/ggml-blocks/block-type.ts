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

/** The float16 at byte `at`. */
export const halfAt = (bytes: Uint8Array, at: number): number => halfValue(bytes[at]! | (bytes[at + 1]! << 8));
