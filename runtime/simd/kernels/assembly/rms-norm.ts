/** Kernels.rmsNorm: squares go to sixteen sums by column, which are added last, halves onto halves. */
export function rmsNorm(x: usize, rows: u32, columns: u32, weight: usize, epsilon: f32, y: usize): void {
  const rowBytes = columns << 2;
  for (; rows > 0; rows--) {
    const end = x + rowBytes;
    let s0 = f32x4.splat(0);
    let s1 = f32x4.splat(0);
    let s2 = f32x4.splat(0);
    let s3 = f32x4.splat(0);
    for (let at = x; at < end; at += 64) {
      const x0 = v128.load(at);
      const x1 = v128.load(at, 16);
      const x2 = v128.load(at, 32);
      const x3 = v128.load(at, 48);
      s0 = f32x4.add(s0, f32x4.mul(x0, x0));
      s1 = f32x4.add(s1, f32x4.mul(x1, x1));
      s2 = f32x4.add(s2, f32x4.mul(x2, x2));
      s3 = f32x4.add(s3, f32x4.mul(x3, x3));
    }
    const sums = f32x4.add(f32x4.add(s0, s2), f32x4.add(s1, s3));
    const total =
      f32x4.extract_lane(sums, 0) +
      f32x4.extract_lane(sums, 2) +
      (f32x4.extract_lane(sums, 1) + f32x4.extract_lane(sums, 3));
    const factor = f32x4.splat(1 / sqrt<f32>(total / <f32>columns + epsilon));
    for (let offset: u32 = 0; offset < rowBytes; offset += 16) {
      v128.store(y + offset, f32x4.mul(f32x4.mul(v128.load(x + offset), factor), v128.load(weight + offset)));
    }
    x += rowBytes;
    y += rowBytes;
  }
}
