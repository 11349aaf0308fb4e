/** Kernels.argmax. */
export function argmax(x: usize, count: u32): u32 {
  let best: f32 = -Infinity;
  let index: u32 = 0;
  let i: u32 = 0;
  for (const vectors = count & ~3; i < vectors; i += 4) {
    if (!v128.any_true(f32x4.gt(v128.load(x + (i << 2)), f32x4.splat(best)))) continue;
    for (let lane: u32 = i; lane < i + 4; lane++) {
      const value = load<f32>(x + (lane << 2));
      if (value > best) {
        best = value;
        index = lane;
      }
    }
  }
  for (; i < count; i++) {
    const value = load<f32>(x + (i << 2));
    if (value > best) {
      best = value;
      index = i;
    }
  }
  return index;
}
