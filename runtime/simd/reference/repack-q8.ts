import { BLOCK, LANES, SEGMENT } from "../layout.ts";
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
    const lane = output % LANES;
    const group = weights + ((output - lane) / LANES) * blocks * 136;
    for (let block = 0; block < blocks; block++) {
      const firstBlock = block - (block % (SEGMENT / BLOCK));
      const inSegment = Math.min(SEGMENT / BLOCK, blocks - firstBlock);
      const segment = group + firstBlock * 136;
      const target = segment + (block - firstBlock) * 128 + lane * 4;
      for (let column = 0; column < BLOCK; column++) {
        const stored = row < outputs ? u8[bytes + row * columns + block * BLOCK + column]! : 128;
        u8[target + (column >> 2) * 16 + (column & 3)] = stored ^ 128;
      }
      u16[(segment + inSegment * 128) / 2 + (block - firstBlock) * LANES + lane] =
        row < outputs ? u16[scales / 2 + row * blocks + block]! : 0;
    }
  }
}
