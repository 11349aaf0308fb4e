import type { ActivationBits } from "../../engine.ts";
import { activationPlaneBytes, activationRowBytes, BLOCK, GROUP_OUTPUTS, Q8_BLOCK_BYTES, SEGMENT } from "../layout.ts";
import { floatOfHalf } from "./half.ts";
import type { MemoryViews } from "./memory-views.ts";
import { planeScales } from "./quantize-activations.ts";

const float = Math.fround;

/** Kernels.matmulQ8. */
export function matmulQ8(
  views: MemoryViews,
  activations: number,
  rows: number,
  columns: number,
  bits: ActivationBits,
  weights: number,
  outputs: number,
  y: number,
): void {
  const { f32 } = views;
  for (let row = 0; row < rows; row++) {
    const planes = activations + row * activationRowBytes(columns, bits);
    for (let output = 0; output < outputs; output++) {
      let sum = 0;
      for (let start = 0; start < columns; start += SEGMENT) {
        for (let plane = 0; plane < bits / 8; plane++) {
          const a = planes + plane * activationPlaneBytes(columns);
          const scale = f32[(a + planeScales(columns)) / 4 + start / SEGMENT]!;
          sum = float(sum + float(segmentSum(views, a, weights, columns, output, start) * scale));
        }
      }
      f32[y / 4 + row * outputs + output] = sum;
    }
  }
}

/** Σ_block float(Σ w · q) · blockScale over the segment that begins at column `start`, in float32. */
function segmentSum(
  { i8, u16 }: MemoryViews,
  plane: number,
  weights: number,
  columns: number,
  output: number,
  start: number,
): number {
  const end = Math.min(start + SEGMENT, columns);
  let sum = 0;
  for (let first = start; first < end; first += BLOCK) {
    const block = q8Block(weights, columns, output, first / BLOCK);
    let blockSum = 0;
    for (let column = 0; column < BLOCK; column++) {
      const byte = block + (column >> 2) * 64 + (output % GROUP_OUTPUTS) * 4 + (column & 3);
      blockSum += i8[byte]! * i8[plane + first + column]!;
    }
    const scale = floatOfHalf(u16[(block + 512) / 2 + (output % GROUP_OUTPUTS)]!);
    sum = float(sum + float(blockSum * scale));
  }
  return sum;
}

/** Byte offset of the 544 bytes of an output's group and block. */
export function q8Block(weights: number, columns: number, output: number, block: number): number {
  return weights + (Math.floor(output / GROUP_OUTPUTS) * (columns / BLOCK) + block) * Q8_BLOCK_BYTES;
}
