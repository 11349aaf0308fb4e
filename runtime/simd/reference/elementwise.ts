import { exponential } from "./exponential.ts";
import type { MemoryViews } from "./memory-views.ts";

const float = Math.fround;

/** Kernels.add. */
export function add({ f32 }: MemoryViews, a: number, b: number, count: number, y: number): void {
  for (let i = 0; i < count; i++) f32[y / 4 + i] = f32[a / 4 + i]! + f32[b / 4 + i]!;
}

/** Kernels.scale. */
export function scale({ f32 }: MemoryViews, x: number, count: number, factor: number, y: number): void {
  for (let i = 0; i < count; i++) f32[y / 4 + i] = f32[x / 4 + i]! * float(factor);
}

/** −2 · √(2/π), and that times 0.044715: gelu_tanh(x) = x / (1 + e^(x · (LINEAR + CUBIC · x²))). */
const LINEAR = float(-1.5957691216057308);
const CUBIC = float(-0.07135481627260025);

/** Kernels.geluMultiply. */
export function geluMultiply({ f32 }: MemoryViews, gate: number, up: number, count: number, y: number): void {
  for (let i = 0; i < count; i++) {
    const x = f32[gate / 4 + i]!;
    const power = float(x * float(LINEAR + float(CUBIC * float(x * x))));
    const gelu = float(x / float(1 + exponential(power)));
    f32[y / 4 + i] = gelu * f32[up / 4 + i]!;
  }
}
