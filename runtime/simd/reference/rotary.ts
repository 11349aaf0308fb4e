import type { MemoryViews } from "./memory-views.ts";

const float = Math.fround;

/** Kernels.rotary. */
export function rotary(
  { f32 }: MemoryViews,
  x: number,
  rows: number,
  heads: number,
  headDim: number,
  cos: number,
  sin: number,
): void {
  const half = headDim / 2;
  for (let row = 0; row < rows; row++) {
    for (let head = 0; head < heads; head++) {
      const at = x / 4 + (row * heads + head) * headDim;
      for (let i = 0; i < half; i++) {
        const c = f32[cos / 4 + row * half + i]!;
        const s = f32[sin / 4 + row * half + i]!;
        const first = f32[at + i]!;
        const second = f32[at + half + i]!;
        f32[at + i] = float(first * c) - float(second * s);
        f32[at + half + i] = float(second * c) + float(first * s);
      }
    }
  }
}
