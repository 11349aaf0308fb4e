import { exponential } from "./exponential.ts";
import type { MemoryViews } from "./memory-views.ts";

const float = Math.fround;
const TILE = 1024;

const orderable = (x: number) => (Number.isNaN(x) ? Number.NEGATIVE_INFINITY : x);

/** Kernels.argmax. */
export function argmax({ f32 }: MemoryViews, x: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (f32[x / 4 + i]! > orderable(f32[x / 4 + best]!)) best = i;
  return best;
}

/** Kernels.topK. */
export function topK(
  { f32, u32 }: MemoryViews,
  x: number,
  count: number,
  k: number,
  indices: number,
  values: number,
): number {
  const value = (i: number) => orderable(f32[x / 4 + i]!);
  const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => {
    const difference = value(b) - value(a);
    return Number.isNaN(difference) || difference === 0 ? a - b : difference;
  });
  const kept = order.slice(0, k);
  kept.forEach((index, rank) => {
    u32[indices / 4 + rank] = index;
    f32[values / 4 + rank] = value(index);
  });
  return kept.length;
}

/** Kernels.tileSums. */
export function tileSums(
  { f32 }: MemoryViews,
  x: number,
  count: number,
  inverseTemperature: number,
  tiles: number,
): void {
  for (let start = 0; start < count; start += TILE) {
    const tile = f32.subarray(x / 4 + start, x / 4 + Math.min(start + TILE, count));
    let max = Number.NEGATIVE_INFINITY;
    for (const value of tile) if (value > max) max = value;
    const lanes = new Float32Array(4);
    tile.forEach((value, i) => {
      const power = float(float(value - max) * float(inverseTemperature));
      lanes[i % 4] = lanes[i % 4]! + exponential(power);
    });
    const sum = float(float(lanes[0]! + lanes[2]!) + float(lanes[1]! + lanes[3]!));
    f32[tiles / 4 + (start / TILE) * 2] = max;
    f32[tiles / 4 + (start / TILE) * 2 + 1] = max === Number.NEGATIVE_INFINITY ? 0 : sum;
  }
}
