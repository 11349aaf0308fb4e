import { BLOCK, LANES, SEGMENT } from "../layout.ts";
import { floatOfHalf } from "./half.ts";
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
    const group = weights + Math.floor(id / LANES) * (columns / BLOCK) * 136;
    const lane = id % LANES;
    for (let column = 0; column < columns; column++) {
      const segmentStart = column - (column % SEGMENT);
      const blocks = Math.min(SEGMENT, columns - segmentStart) / BLOCK;
      const segment = group + (segmentStart / BLOCK) * 136;
      const inSegment = column - segmentStart;
      const q = i8[segment + (inSegment >> 2) * 16 + lane * 4 + (inSegment & 3)]!;
      const scale = floatOfHalf(u16[(segment + blocks * 128) / 2 + Math.floor(inSegment / BLOCK) * LANES + lane]!);
      f32[y / 4 + row * columns + column] = q * scale;
    }
  }
}
