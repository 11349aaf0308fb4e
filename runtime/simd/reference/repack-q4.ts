import { BLOCK, GROUP_OUTPUTS, LANES, MAX_BLOCK_SCALE, q4StreamBytes } from "../layout.ts";
import { ROUNDER } from "./exponential.ts";
import { floatOfHalf } from "./half.ts";
import { q4Block } from "./matmul-q4.ts";
import type { MemoryViews } from "./memory-views.ts";

const float = Math.fround;

/** Kernels.repackQ4. */
export function repackQ4(
  { u8, i16, u16, f32 }: MemoryViews,
  bytes: number,
  scales: number,
  firstOutput: number,
  outputs: number,
  columns: number,
  totalOutputs: number,
  weights: number,
): void {
  const blocks = columns / BLOCK;
  const rowScales = (weights + q4StreamBytes(totalOutputs, columns)) / 4;
  const padded = Math.ceil(outputs / LANES) * LANES;
  for (let row = 0; row < padded; row++) {
    const output = firstOutput + row;
    const inGroup = output % GROUP_OUTPUTS;
    const halves = row < outputs ? u16.subarray(scales / 2 + row * blocks, scales / 2 + (row + 1) * blocks) : undefined;
    const largest = halves ? Math.max(...halves.map((half) => half & 0x7fff)) : 0;
    const rowScale = float(floatOfHalf(largest) / MAX_BLOCK_SCALE);
    f32[rowScales + output] = rowScale;
    for (let block = 0; block < blocks; block++) {
      const source = bytes + (row * blocks + block) * 16;
      const target = q4Block(weights, columns, output, block);
      for (let column = 0; column < BLOCK; column++) {
        const stored = u8[source + (column >> 1)]!;
        const nibble = halves ? (column & 1 ? stored >> 4 : stored & 15) : 0;
        const at = target + (column >> 3) * 64 + inGroup * 4 + (column & 3);
        u8[at] = column & 4 ? u8[at]! | (nibble << 4) : nibble;
      }
      const relative = halves && largest > 0 ? float(floatOfHalf(halves[block]!) / rowScale) : 0;
      i16[(target + 256) / 2 + inGroup] = float(float(relative + ROUNDER) - ROUNDER);
    }
  }
}
