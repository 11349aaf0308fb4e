import type { ActivationBits } from "../../engine.ts";
import { activationPlaneBytes, activationRowBytes, BLOCK, LANES, SEGMENT } from "../layout.ts";
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
  const group = Math.floor(output / LANES);
  const lane = output % LANES;
  const blocks = Math.min(SEGMENT, columns - start) / BLOCK;
  const segment = weights + group * (columns / BLOCK) * 136 + (start / BLOCK) * 136;
  let sum = 0;
  for (let block = 0; block < blocks; block++) {
    let blockSum = 0;
    for (let column = 0; column < BLOCK; column++) {
      const byte = segment + block * 128 + (column >> 2) * 16 + lane * 4 + (column & 3);
      blockSum += i8[byte]! * i8[plane + start + block * BLOCK + column]!;
    }
    const scale = floatOfHalf(u16[(segment + blocks * 128 + block * 8) / 2 + lane]!);
    sum = float(sum + float(blockSum * scale));
  }
  return sum;
}
