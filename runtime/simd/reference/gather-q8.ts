import { BLOCK, GROUP_OUTPUTS } from "../layout.ts";
import { floatOfHalf } from "./half.ts";
import { q8Block } from "./matmul-q8.ts";
import type { MemoryViews } from "./memory-views.ts";

/** Kernels.gatherQ8. */
export function gatherQ8(
  { i8, u16, u32, f32 }: MemoryViews,
  weights: number,
  columns: number,
  ids: number,
  rows: number,
  y: number,
): void {
  for (let row = 0; row < rows; row++) {
    const id = u32[ids / 4 + row]!;
    const inGroup = id % GROUP_OUTPUTS;
    for (let column = 0; column < columns; column++) {
      const block = q8Block(weights, columns, id, Math.floor(column / BLOCK));
      const inBlock = column % BLOCK;
      const q = i8[block + (inBlock >> 2) * 64 + inGroup * 4 + (inBlock & 3)]!;
      f32[y / 4 + row * columns + column] = q * floatOfHalf(u16[(block + 512) / 2 + inGroup]!);
    }
  }
}
