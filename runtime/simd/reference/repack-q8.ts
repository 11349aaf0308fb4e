import { BLOCK, GROUP_OUTPUTS, LANES } from "../layout.ts";
import { q8Block } from "./matmul-q8.ts";
import type { MemoryViews } from "./memory-views.ts";

/** Kernels.repackQ8. */
export function repackQ8(
  { u8, u16 }: MemoryViews,
  bytes: number,
  scales: number,
  firstOutput: number,
  outputs: number,
  columns: number,
  weights: number,
): void {
  const blocks = columns / BLOCK;
  const padded = Math.ceil(outputs / LANES) * LANES;
  for (let row = 0; row < padded; row++) {
    const output = firstOutput + row;
    const inGroup = output % GROUP_OUTPUTS;
    for (let block = 0; block < blocks; block++) {
      const target = q8Block(weights, columns, output, block);
      for (let column = 0; column < BLOCK; column++) {
        const stored = row < outputs ? u8[bytes + row * columns + block * BLOCK + column]! : 128;
        u8[target + (column >> 2) * 64 + inGroup * 4 + (column & 3)] = stored ^ 128;
      }
      u16[(target + 512) / 2 + inGroup] = row < outputs ? u16[scales / 2 + row * blocks + block]! : 0;
    }
  }
}
