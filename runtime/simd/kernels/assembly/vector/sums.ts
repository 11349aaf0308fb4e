/** (0 + 2) + (1 + 3) of four float32 lanes. */
export function sumOfLanes(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 2) + (f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 3));
}

/** sumOfLanes of four vectors, one a lane. */
export function sumsOfLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  // [a0 b0 a1 b1] + [a2 b2 a3 b3] = [a02 b02 a13 b13]
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** The largest lane. */
export function maxOfLanes(v: v128): f32 {
  const pairs = f32x4.pmax(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.pmax(pairs, v128.shuffle<f32>(pairs, pairs, 1, 0, 3, 2)), 0);
}

/** Stores the first `lanes` (1 … 4) 32-bit lanes. */
export function storeLanes(address: usize, v: v128, lanes: u32): void {
  if (lanes >= 4) {
    v128.store(address, v);
  } else {
    v128.store_lane<f32>(address, v, 0);
    if (lanes > 1) v128.store_lane<f32>(address, v, 1, 4);
    if (lanes > 2) v128.store_lane<f32>(address, v, 2, 8);
  }
}

/** One of the four 32-bit lanes, in all of them. */
export function splatLane0(v: v128): v128 {
  return v128.shuffle<i32>(v, v, 0, 0, 0, 0);
}

export function splatLane1(v: v128): v128 {
  return v128.shuffle<i32>(v, v, 1, 1, 1, 1);
}

export function splatLane2(v: v128): v128 {
  return v128.shuffle<i32>(v, v, 2, 2, 2, 2);
}

export function splatLane3(v: v128): v128 {
  return v128.shuffle<i32>(v, v, 3, 3, 3, 3);
}

/** float(sums) · the float32 at `scale`. */
export function scaledSegment(sums: v128, scale: usize): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(sums), v128.load32_splat(scale));
}

/** Stores the first `lanes` (1 … 16) of sixteen outputs. */
export function storeGroup(address: usize, a: v128, b: v128, c: v128, d: v128, lanes: u32): void {
  storeLanes(address, a, lanes);
  if (lanes > 4) storeLanes(address + 16, b, lanes - 4);
  if (lanes > 8) storeLanes(address + 32, c, lanes - 8);
  if (lanes > 12) storeLanes(address + 48, d, lanes - 12);
}

/** sum + a · b of float32, rounded twice. */
export function addProduct(sum: v128, a: v128, b: v128): v128 {
  return f32x4.add(sum, f32x4.mul(a, b));
}
