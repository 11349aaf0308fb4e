import type { ActivationBits } from "../../engine.ts";
import {
  activationPlaneBytes,
  activationRowBytes,
  BLOCK,
  GROUP_OUTPUTS,
  Q4_BLOCK_BYTES,
  q4StreamBytes,
  SEGMENT,
} from "../layout.ts";
import type { MemoryViews } from "./memory-views.ts";
import { planeScales } from "./quantize-activations.ts";

const float = Math.fround;

/** Kernels.matmulQ4. */
export function matmulQ4(
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
  const rowScales = (weights + q4StreamBytes(outputs, columns)) / 4;
  for (let row = 0; row < rows; row++) {
    const planes = activations + row * activationRowBytes(columns, bits);
    for (let output = 0; output < outputs; output++) {
      let sum = 0;
      for (let start = 0; start < columns; start += SEGMENT) {
        for (let plane = 0; plane < bits / 8; plane++) {
          const a = planes + plane * activationPlaneBytes(columns);
          const scale = f32[(a + planeScales(columns)) / 4 + start / SEGMENT]!;
          sum = float(sum + float(float(segmentSum(views, a, weights, columns, output, start)) * scale));
        }
      }
      f32[y / 4 + row * outputs + output] = float(f32[rowScales + output]! * sum);
    }
  }
}

/** Σ_block blockScale · Σ (nibble − 8) · q over the segment that begins at column `start`. */
function segmentSum(
  { i8, u8, i16 }: MemoryViews,
  plane: number,
  weights: number,
  columns: number,
  output: number,
  start: number,
): number {
  const end = Math.min(start + SEGMENT, columns);
  let sum = 0;
  for (let column = start; column < end; column += BLOCK) {
    const block = q4Block(weights, columns, output, column / BLOCK);
    let blockSum = 0;
    for (let vector = 0; vector < 4; vector++) {
      const bytes = block + vector * 64 + (output % GROUP_OUTPUTS) * 4;
      const a = plane + column + vector * 8;
      for (let i = 0; i < 4; i++) {
        const byte = u8[bytes + i]!;
        blockSum += ((byte & 15) - 8) * i8[a + i]! + ((byte >> 4) - 8) * i8[a + 4 + i]!;
      }
    }
    sum += blockSum * i16[(block + 256) / 2 + (output % GROUP_OUTPUTS)]!;
  }
  return sum;
}

/** Byte offset of the 288 bytes of an output's group and block. */
export function q4Block(weights: number, columns: number, output: number, block: number): number {
  return weights + (Math.floor(output / GROUP_OUTPUTS) * (columns / BLOCK) + block) * Q4_BLOCK_BYTES;
}
