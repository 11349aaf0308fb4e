import { hyperbolicTangent } from "./exponential.ts";
import type { MemoryViews } from "./memory-views.ts";

const float = Math.fround;

/** Kernels.softCap. */
export function softCap({ f32 }: MemoryViews, x: number, count: number, cap: number, y: number): void {
  for (let i = 0; i < count; i++) f32[y / 4 + i] = float(cap) * hyperbolicTangent(float(f32[x / 4 + i]! / float(cap)));
}
