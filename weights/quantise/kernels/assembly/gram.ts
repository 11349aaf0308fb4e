/** Adds four sums in float32 to four in float64. */
function addTo(at: usize, sums: v128): void {
  v128.store(at, f64x2.add(v128.load(at), f64x2.promote_low_f32x4(sums)));
  const high = i8x16.shuffle(sums, sums, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
  v128.store(at, f64x2.add(v128.load(at, 16), f64x2.promote_low_f32x4(high)), 16);
}

/** QuantiseKernels.gram. */
export function gram(x: usize, rows: u32, columns: u32, first: u32, n: u32, sums: usize): void {
  const stride: usize = (<usize>columns) << 2;
  const base = x + ((<usize>first) << 2);
  for (let i: u32 = 0; i < n; i += 4)
    for (let j: u32 = 0; j <= i; j += 8) {
      let a00 = f32x4.splat(0);
      let a01 = a00;
      let a10 = a00;
      let a11 = a00;
      let a20 = a00;
      let a21 = a00;
      let a30 = a00;
      let a31 = a00;
      let left = base + ((<usize>i) << 2);
      let right = base + ((<usize>j) << 2);
      for (let row: u32 = 0; row < rows; row++) {
        const b0 = v128.load(right);
        const b1 = v128.load(right, 16);
        let a = v128.load32_splat(left);
        a00 = f32x4.add(a00, f32x4.mul(a, b0));
        a01 = f32x4.add(a01, f32x4.mul(a, b1));
        a = v128.load32_splat(left, 4);
        a10 = f32x4.add(a10, f32x4.mul(a, b0));
        a11 = f32x4.add(a11, f32x4.mul(a, b1));
        a = v128.load32_splat(left, 8);
        a20 = f32x4.add(a20, f32x4.mul(a, b0));
        a21 = f32x4.add(a21, f32x4.mul(a, b1));
        a = v128.load32_splat(left, 12);
        a30 = f32x4.add(a30, f32x4.mul(a, b0));
        a31 = f32x4.add(a31, f32x4.mul(a, b1));
        left += stride;
        right += stride;
      }
      const rowBytes: usize = (<usize>n) << 3;
      let at = sums + <usize>i * rowBytes + ((<usize>j) << 3);
      addTo(at, a00);
      addTo(at + 32, a01);
      at += rowBytes;
      addTo(at, a10);
      addTo(at + 32, a11);
      at += rowBytes;
      addTo(at, a20);
      addTo(at + 32, a21);
      at += rowBytes;
      addTo(at, a30);
      addTo(at + 32, a31);
    }
}
