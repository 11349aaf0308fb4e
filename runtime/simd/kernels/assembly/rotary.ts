/** Kernels.rotary. */
export function rotary(x: usize, rows: u32, heads: u32, headDim: u32, cos: usize, sin: usize): void {
  const half = headDim << 1;
  for (; rows > 0; rows--) {
    for (let head: u32 = 0; head < heads; head++) {
      for (let offset: u32 = 0; offset < half; offset += 16) {
        const c = v128.load(cos + offset);
        const s = v128.load(sin + offset);
        const first = v128.load(x + offset);
        const second = v128.load(x + half + offset);
        v128.store(x + offset, f32x4.sub(f32x4.mul(first, c), f32x4.mul(second, s)));
        v128.store(x + half + offset, f32x4.add(f32x4.mul(second, c), f32x4.mul(first, s)));
      }
      x += half << 1;
    }
    cos += half;
    sin += half;
  }
}
