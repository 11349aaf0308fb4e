import type { MemoryViews } from "./memory-views.ts";

const float = Math.fround;
const SUMS = 16;

/** Kernels.rmsNorm: squares go to sixteen sums by column, which are added last, halves onto halves. */
export function rmsNorm(
  { f32 }: MemoryViews,
  x: number,
  rows: number,
  columns: number,
  weight: number,
  epsilon: number,
  y: number,
): void {
  const sums = new Float32Array(SUMS);
  for (let row = 0; row < rows; row++) {
    const source = x / 4 + row * columns;
    sums.fill(0);
    for (let column = 0; column < columns; column++) {
      const value = f32[source + column]!;
      sums[column % SUMS] = float(sums[column % SUMS]! + float(value * value));
    }
    for (let half = SUMS / 2; half >= 1; half /= 2) {
      for (let i = 0; i < half; i++) sums[i] = float(sums[i]! + sums[i + half]!);
    }
    const mean = float(sums[0]! / columns);
    const factor = float(1 / float(Math.sqrt(float(mean + float(epsilon)))));
    for (let column = 0; column < columns; column++) {
      f32[y / 4 + row * columns + column] = float(float(f32[source + column]! * factor) * f32[weight / 4 + column]!);
    }
  }
}
