import { hyperbolicTangent } from "./vector/exponential";

/** Kernels.softCap. */
export function softCap(x: usize, count: u32, cap: f32, y: usize): void {
  const caps = f32x4.splat(cap);
  for (const end = y + ((count & ~3) << 2); y < end; y += 16) {
    v128.store(y, f32x4.mul(caps, hyperbolicTangent(f32x4.div(v128.load(x), caps))));
    x += 16;
  }
  for (const end = y + ((count & 3) << 2); y < end; y += 4) {
    const value = v128.load32_splat(x);
    v128.store_lane<f32>(y, f32x4.mul(caps, hyperbolicTangent(f32x4.div(value, caps))), 0);
    x += 4;
  }
}
