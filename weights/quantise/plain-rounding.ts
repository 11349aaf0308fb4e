import type { CheckpointTensors } from "../sources/checkpoint.ts";
import { STEP_VALUES } from "../sources/ggml-blocks/block-type.ts";
import { quantise8 } from "./round.ts";
import { quantiseSteps8 } from "./round-steps.ts";

/** ggml types whose values are whole steps of one scale in every 32: in 8 bits they lose nothing. */
const EXACT_IN_8 = new Set(["Q4_0", "Q5_0", "Q8_0"]);

/** True when 4 or 8 bits hold a tensor as it is stored: every other rounding could only lose. */
export function keepsStored(tensors: CheckpointTensors, source: string, bits: 4 | 8): boolean {
  const name = tensors.stored(source)?.type.name;
  return name !== undefined && (bits === 4 ? name === "Q4_0" : EXACT_IN_8.has(name));
}

/** Fills scales, an fp16 bit pattern a block of 32, and a byte a column. */
export type Rounding8 = (scales: Uint16Array, bytes: Uint8Array) => void;

/** Reads rows, as many as `into` holds, and rounds them to 8 bits: to the levels they are stored in, where they can be. */
export async function readRows8(
  tensors: CheckpointTensors,
  source: string,
  firstRow: number,
  into: Float32Array<ArrayBuffer>,
): Promise<Rounding8> {
  const stored = tensors.stored(source);
  if (stored === null) {
    await tensors.readRows(source, firstRow, into);
    return (scales, bytes) => quantise8(into, scales, bytes);
  }
  const { type, read } = stored;
  const blocks = new Uint8Array((into.length / type.values) * type.bytes);
  const steps = new Float32Array(into.length / STEP_VALUES);
  await read(firstRow, blocks);
  type.dequantise(blocks, into);
  type.steps(blocks, steps);
  return (scales, bytes) => quantiseSteps8(into, steps, scales, bytes);
}
