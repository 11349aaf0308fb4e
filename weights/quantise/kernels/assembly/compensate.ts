/** QuantiseKernels.compensate. */
export function compensate(deltas: usize, n: u32, places: u32, rows: u32, panel: usize, targets: usize): void {
  const stride: usize = (<usize>n) << 2;
  for (let row: u32 = 0; row < rows; row += 4)
    for (let column: usize = 0; column < 128; column += 32) {
      let a00 = f32x4.splat(0);
      let a01 = a00;
      let a10 = a00;
      let a11 = a00;
      let a20 = a00;
      let a21 = a00;
      let a30 = a00;
      let a31 = a00;
      let left = deltas + <usize>row * stride;
      let right = panel + column;
      for (let place: u32 = 0; place < places; place++) {
        const b0 = v128.load(right);
        const b1 = v128.load(right, 16);
        let a = v128.load32_splat(left);
        a00 = f32x4.add(a00, f32x4.mul(a, b0));
        a01 = f32x4.add(a01, f32x4.mul(a, b1));
        a = v128.load32_splat(left + stride);
        a10 = f32x4.add(a10, f32x4.mul(a, b0));
        a11 = f32x4.add(a11, f32x4.mul(a, b1));
        a = v128.load32_splat(left + 2 * stride);
        a20 = f32x4.add(a20, f32x4.mul(a, b0));
        a21 = f32x4.add(a21, f32x4.mul(a, b1));
        a = v128.load32_splat(left + 3 * stride);
        a30 = f32x4.add(a30, f32x4.mul(a, b0));
        a31 = f32x4.add(a31, f32x4.mul(a, b1));
        left += 4;
        right += 128;
      }
      const at = targets + <usize>row * 128 + column;
      v128.store(at, a00);
      v128.store(at, a01, 16);
      v128.store(at, a10, 128);
      v128.store(at, a11, 144);
      v128.store(at, a20, 256);
      v128.store(at, a21, 272);
      v128.store(at, a30, 384);
      v128.store(at, a31, 400);
    }
}
