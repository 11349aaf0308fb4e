import { exponential } from "./vector/exponential";

/** Kernels.add. */
export function add(a: usize, b: usize, count: u32, y: usize): void {
  for (const end = y + (count << 2); y < end; y += 16) {
    v128.store(y, f32x4.add(v128.load(a), v128.load(b)));
    a += 16;
    b += 16;
  }
}

/** Kernels.scale. */
export function scale(x: usize, count: u32, factor: f32, y: usize): void {
  const factors = f32x4.splat(factor);
  for (const end = y + (count << 2); y < end; y += 16) {
    v128.store(y, f32x4.mul(v128.load(x), factors));
    x += 16;
  }
}

/** −2 · √(2/π), and that times 0.044715: gelu_tanh(x) = x / (1 + e^(x · (LINEAR + CUBIC · x²))). */
const LINEAR: f32 = -1.5957691216057308;
const CUBIC: f32 = -0.07135481627260025;

/** Kernels.geluMultiply. */
export function geluMultiply(gate: usize, up: usize, count: u32, y: usize): void {
  const linear = f32x4.splat(LINEAR);
  const cubic = f32x4.splat(CUBIC);
  const one = f32x4.splat(1);
  for (const end = y + (count << 2); y < end; y += 16) {
    const x = v128.load(gate);
    const power = f32x4.mul(x, f32x4.add(linear, f32x4.mul(cubic, f32x4.mul(x, x))));
    const gelu = f32x4.div(x, f32x4.add(one, exponential(power)));
    v128.store(y, f32x4.mul(gelu, v128.load(up)));
    gate += 16;
    up += 16;
  }
}
