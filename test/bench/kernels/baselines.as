// AssemblyScript, compiled by baselines.ts: what the kernels are measured against.

/** A plain SIMD read: the sum of all 32-bit words in `bytes` (a multiple of 64) from `from`. */
export function readAll(from: usize, bytes: u32): i32 {
  let s0 = i32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (const end = from + bytes; from < end; from += 64) {
    s0 = i32x4.add(s0, v128.load(from));
    s1 = i32x4.add(s1, v128.load(from, 16));
    s2 = i32x4.add(s2, v128.load(from, 32));
    s3 = i32x4.add(s3, v128.load(from, 48));
  }
  const s = i32x4.add(i32x4.add(s0, s1), i32x4.add(s2, s3));
  return i32x4.extract_lane(s, 0) + i32x4.extract_lane(s, 1) + i32x4.extract_lane(s, 2) + i32x4.extract_lane(s, 3);
}

/** One of four outputs of a block: its 16 bytes of nibbles against 32 activations, scaled by its int16. */
// @ts-ignore: decorator
@inline
function blockOfOutput(weights: usize, at: usize, scaleAt: usize, even: v128, odd: v128, offset: v128, mask: v128): v128 {
  const nibbles = v128.load(weights + at);
  const low = i16x8.relaxed_dot_i8x16_i7x16_s(even, v128.and(nibbles, mask));
  const high = i16x8.relaxed_dot_i8x16_i7x16_s(odd, i8x16.shr_u(nibbles, 4));
  return i32x4.dot_i16x8_s(i16x8.add(i16x8.add(offset, low), high), v128.load16_splat(weights + scaleAt));
}

// @ts-ignore: decorator
@inline
function total(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3);
}

/**
 * The layout the design began with: per block of 32 columns, 16 bytes of nibbles of each of four outputs, then their int16
 * scales; lanes hold columns, so each output ends in a sum over lanes. One activation scale per 256 columns.
 */
export function columnLanes(
  weights: usize, rowScales: usize, activations: usize, scales: usize, offsets: usize, columns: i32, outputs: i32, y: usize,
): void {
  const mask = i8x16.splat(15);
  for (let output = 0; output < outputs; output += 4) {
    let f0 = f32x4.splat(0), f1 = f0, f2 = f0, f3 = f0;
    let a = activations, z = offsets, scale = scales;
    for (let left = columns; left > 0; left -= 256) {
      let s0 = i32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
      for (let block = 0; block < 8; block++) {
        const even = v128.load(a), odd = v128.load(a, 16), offset = v128.load(z);
        s0 = i32x4.add(s0, blockOfOutput(weights, 0, 64, even, odd, offset, mask));
        s1 = i32x4.add(s1, blockOfOutput(weights, 16, 66, even, odd, offset, mask));
        s2 = i32x4.add(s2, blockOfOutput(weights, 32, 68, even, odd, offset, mask));
        s3 = i32x4.add(s3, blockOfOutput(weights, 48, 70, even, odd, offset, mask));
        weights += 72;
        a += 32;
        z += 16;
      }
      const factor = v128.load32_splat(scale);
      scale += 4;
      f0 = f32x4.add(f0, f32x4.mul(f32x4.convert_i32x4_s(s0), factor));
      f1 = f32x4.add(f1, f32x4.mul(f32x4.convert_i32x4_s(s1), factor));
      f2 = f32x4.add(f2, f32x4.mul(f32x4.convert_i32x4_s(s2), factor));
      f3 = f32x4.add(f3, f32x4.mul(f32x4.convert_i32x4_s(s3), factor));
    }
    store<f32>(y, total(f0) * load<f32>(rowScales));
    store<f32>(y + 4, total(f1) * load<f32>(rowScales + 4));
    store<f32>(y + 8, total(f2) * load<f32>(rowScales + 8));
    store<f32>(y + 12, total(f3) * load<f32>(rowScales + 12));
    rowScales += 16;
    y += 16;
  }
}

/** Nothing but relaxed dots of int8 rows with 7-bit rows, two by four at a time: [rows, columns] · [outputs, columns]ᵀ. */
export function bareDots(rows: usize, rowCount: i32, weights: usize, outputs: i32, columns: i32, y: usize): void {
  for (let output = 0; output < outputs; output += 4) {
    for (let row = 0; row < rowCount; row += 2) {
      let x0 = rows + row * columns;
      let w0 = weights + output * columns;
      let s00 = i32x4.splat(0), s01 = s00, s02 = s00, s03 = s00, s10 = s00, s11 = s00, s12 = s00, s13 = s00;
      const w1 = columns, w2 = 2 * columns, w3 = 3 * columns;
      for (const end = x0 + columns; x0 < end; x0 += 16) {
        const a = v128.load(x0), b = v128.load(x0 + columns);
        const v0 = v128.load(w0), v1 = v128.load(w0 + w1), v2 = v128.load(w0 + w2), v3 = v128.load(w0 + w3);
        s00 = i32x4.relaxed_dot_i8x16_i7x16_add_s(a, v0, s00);
        s01 = i32x4.relaxed_dot_i8x16_i7x16_add_s(a, v1, s01);
        s02 = i32x4.relaxed_dot_i8x16_i7x16_add_s(a, v2, s02);
        s03 = i32x4.relaxed_dot_i8x16_i7x16_add_s(a, v3, s03);
        s10 = i32x4.relaxed_dot_i8x16_i7x16_add_s(b, v0, s10);
        s11 = i32x4.relaxed_dot_i8x16_i7x16_add_s(b, v1, s11);
        s12 = i32x4.relaxed_dot_i8x16_i7x16_add_s(b, v2, s12);
        s13 = i32x4.relaxed_dot_i8x16_i7x16_add_s(b, v3, s13);
        w0 += 16;
      }
      // The sums over lanes are left out: this is a bound, not a product.
      v128.store(y, i32x4.add(i32x4.add(s00, s01), i32x4.add(s02, s03)));
      v128.store(y, i32x4.add(i32x4.add(s10, s11), i32x4.add(s12, s13)), 16);
    }
  }
}
