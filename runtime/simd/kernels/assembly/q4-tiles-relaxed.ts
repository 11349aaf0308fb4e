import { BLOCK, planeScales, planeSums, Q4_BLOCK, Q4_NIBBLES, SEGMENT, VECTOR_STRIDE } from "./layout";
import { hiddenZero } from "./vector/constants";
import { blockDots, doubledScales, highNibbles, lowNibbles, vectorDots } from "./vector/q4-relaxed";
import { scaledSegment, splatLane0, splatLane1, splatLane2, splatLane3, storeGroup, storeLanes } from "./vector/sums";

/** One row (a plane of 8-bit activations) times sixteen outputs, of which the first `lanes` are stored. */
export function rowTimes16(plane: usize, columns: u32, weights: usize, rowScales: usize, lanes: u32, y: usize): void {
  const mask = i8x16.splat(<i8>(15 + hiddenZero(columns)));
  let sums = plane + planeSums(columns);
  let scale = plane + planeScales(columns);
  let f0 = f32x4.splat(0);
  let f1 = f32x4.splat(0);
  let f2 = f32x4.splat(0);
  let f3 = f32x4.splat(0);
  for (const end = plane + columns; plane < end; ) {
    const segmentEnd = min(plane + SEGMENT, end);
    let s0 = i32x4.splat(0);
    let s1 = i32x4.splat(0);
    let s2 = i32x4.splat(0);
    let s3 = i32x4.splat(0);
    for (; plane < segmentEnd; plane += BLOCK) {
      let d0 = v128.load32_splat(sums);
      let d1 = d0;
      let d2 = d0;
      let d3 = d0;
      let q = v128.load(plane);
      let low = splatLane0(q);
      let high = splatLane1(q);
      d0 = vectorDots(d0, v128.load(weights), low, high, mask);
      d1 = vectorDots(d1, v128.load(weights, 16), low, high, mask);
      d2 = vectorDots(d2, v128.load(weights, 32), low, high, mask);
      d3 = vectorDots(d3, v128.load(weights, 48), low, high, mask);
      low = splatLane2(q);
      high = splatLane3(q);
      d0 = vectorDots(d0, v128.load(weights, 64), low, high, mask);
      d1 = vectorDots(d1, v128.load(weights, 80), low, high, mask);
      d2 = vectorDots(d2, v128.load(weights, 96), low, high, mask);
      d3 = vectorDots(d3, v128.load(weights, 112), low, high, mask);
      q = v128.load(plane, 16);
      low = splatLane0(q);
      high = splatLane1(q);
      d0 = vectorDots(d0, v128.load(weights, 128), low, high, mask);
      d1 = vectorDots(d1, v128.load(weights, 144), low, high, mask);
      d2 = vectorDots(d2, v128.load(weights, 160), low, high, mask);
      d3 = vectorDots(d3, v128.load(weights, 176), low, high, mask);
      low = splatLane2(q);
      high = splatLane3(q);
      d0 = vectorDots(d0, v128.load(weights, 192), low, high, mask);
      d1 = vectorDots(d1, v128.load(weights, 208), low, high, mask);
      d2 = vectorDots(d2, v128.load(weights, 224), low, high, mask);
      d3 = vectorDots(d3, v128.load(weights, 240), low, high, mask);
      const blockScales = weights + Q4_NIBBLES;
      s0 = i32x4.add(s0, i32x4.dot_i16x8_s(d0, doubledScales(blockScales)));
      s1 = i32x4.add(s1, i32x4.dot_i16x8_s(d1, doubledScales(blockScales + 8)));
      s2 = i32x4.add(s2, i32x4.dot_i16x8_s(d2, doubledScales(blockScales + 16)));
      s3 = i32x4.add(s3, i32x4.dot_i16x8_s(d3, doubledScales(blockScales + 24)));
      weights += Q4_BLOCK;
      sums += 4;
    }
    f0 = f32x4.add(f0, scaledSegment(s0, scale));
    f1 = f32x4.add(f1, scaledSegment(s1, scale));
    f2 = f32x4.add(f2, scaledSegment(s2, scale));
    f3 = f32x4.add(f3, scaledSegment(s3, scale));
    scale += 4;
  }
  f0 = f32x4.mul(f0, v128.load(rowScales));
  f1 = f32x4.mul(f1, v128.load(rowScales, 16));
  f2 = f32x4.mul(f2, v128.load(rowScales, 32));
  f3 = f32x4.mul(f3, v128.load(rowScales, 48));
  storeGroup(y, f0, f1, f2, f3, lanes);
}

/** The two planes of one row of 16-bit activations, `bytes` apart, times the four outputs at `weights`. */
export function digitsTimes4(
  plane: usize,
  bytes: u32,
  columns: u32,
  weights: usize,
  blockScales: usize,
  rowScales: usize,
  lanes: u32,
  y: usize,
): void {
  const mask = i8x16.splat(<i8>(15 + hiddenZero(columns)));
  let sums = plane + planeSums(columns);
  let scale = plane + planeScales(columns);
  let f = f32x4.splat(0);
  for (const end = plane + columns; plane < end; ) {
    const segmentEnd = min(plane + SEGMENT, end);
    let s0 = i32x4.splat(0);
    let s1 = i32x4.splat(0);
    for (; plane < segmentEnd; plane += BLOCK) {
      const v0 = v128.load(weights);
      const v1 = v128.load(weights, VECTOR_STRIDE);
      const v2 = v128.load(weights, 2 * VECTOR_STRIDE);
      const v3 = v128.load(weights, 3 * VECTOR_STRIDE);
      const l0 = lowNibbles(v0, mask);
      const h0 = highNibbles(v0, mask);
      const l1 = lowNibbles(v1, mask);
      const h1 = highNibbles(v1, mask);
      const l2 = lowNibbles(v2, mask);
      const h2 = highNibbles(v2, mask);
      const l3 = lowNibbles(v3, mask);
      const h3 = highNibbles(v3, mask);
      const scales = doubledScales(blockScales);
      s0 = i32x4.add(s0, i32x4.dot_i16x8_s(blockDots(plane, sums, l0, h0, l1, h1, l2, h2, l3, h3), scales));
      const low = blockDots(plane + bytes, sums + bytes, l0, h0, l1, h1, l2, h2, l3, h3);
      s1 = i32x4.add(s1, i32x4.dot_i16x8_s(low, scales));
      weights += Q4_BLOCK;
      blockScales += Q4_BLOCK;
      sums += 4;
    }
    f = f32x4.add(f, scaledSegment(s0, scale));
    f = f32x4.add(f, scaledSegment(s1, scale + bytes));
    scale += 4;
  }
  storeLanes(y, f32x4.mul(f, v128.load(rowScales)), lanes);
}

/** Four rows (planes `bytes` apart) times the four outputs at `weights`; results go `yRow` bytes apart. */
export function rows4Times4(
  plane: usize,
  bytes: u32,
  columns: u32,
  weights: usize,
  blockScales: usize,
  rowScales: usize,
  lanes: u32,
  y: usize,
  yRow: u32,
): void {
  const mask = i8x16.splat(<i8>(15 + hiddenZero(columns)));
  let plane1 = plane + bytes;
  let plane2 = plane1 + bytes;
  let plane3 = plane2 + bytes;
  let sums = plane + planeSums(columns);
  let sums1 = sums + bytes;
  let sums2 = sums1 + bytes;
  let sums3 = sums2 + bytes;
  let scale = plane + planeScales(columns);
  let f0 = f32x4.splat(0);
  let f1 = f32x4.splat(0);
  let f2 = f32x4.splat(0);
  let f3 = f32x4.splat(0);
  for (const end = plane + columns; plane < end; ) {
    const segmentEnd = min(plane + SEGMENT, end);
    let s0 = i32x4.splat(0);
    let s1 = i32x4.splat(0);
    let s2 = i32x4.splat(0);
    let s3 = i32x4.splat(0);
    for (; plane < segmentEnd; plane += BLOCK) {
      const v0 = v128.load(weights);
      const v1 = v128.load(weights, VECTOR_STRIDE);
      const v2 = v128.load(weights, 2 * VECTOR_STRIDE);
      const v3 = v128.load(weights, 3 * VECTOR_STRIDE);
      const l0 = lowNibbles(v0, mask);
      const h0 = highNibbles(v0, mask);
      const l1 = lowNibbles(v1, mask);
      const h1 = highNibbles(v1, mask);
      const l2 = lowNibbles(v2, mask);
      const h2 = highNibbles(v2, mask);
      const l3 = lowNibbles(v3, mask);
      const h3 = highNibbles(v3, mask);
      const scales = doubledScales(blockScales);
      s0 = i32x4.add(s0, i32x4.dot_i16x8_s(blockDots(plane, sums, l0, h0, l1, h1, l2, h2, l3, h3), scales));
      s1 = i32x4.add(s1, i32x4.dot_i16x8_s(blockDots(plane1, sums1, l0, h0, l1, h1, l2, h2, l3, h3), scales));
      s2 = i32x4.add(s2, i32x4.dot_i16x8_s(blockDots(plane2, sums2, l0, h0, l1, h1, l2, h2, l3, h3), scales));
      s3 = i32x4.add(s3, i32x4.dot_i16x8_s(blockDots(plane3, sums3, l0, h0, l1, h1, l2, h2, l3, h3), scales));
      weights += Q4_BLOCK;
      blockScales += Q4_BLOCK;
      plane1 += BLOCK;
      plane2 += BLOCK;
      plane3 += BLOCK;
      sums += 4;
      sums1 += 4;
      sums2 += 4;
      sums3 += 4;
    }
    f0 = f32x4.add(f0, scaledSegment(s0, scale));
    f1 = f32x4.add(f1, scaledSegment(s1, scale + bytes));
    f2 = f32x4.add(f2, scaledSegment(s2, scale + 2 * bytes));
    f3 = f32x4.add(f3, scaledSegment(s3, scale + 3 * bytes));
    scale += 4;
  }
  storeLanes(y, f32x4.mul(f0, v128.load(rowScales)), lanes);
  storeLanes(y + yRow, f32x4.mul(f1, v128.load(rowScales)), lanes);
  storeLanes(y + 2 * yRow, f32x4.mul(f2, v128.load(rowScales)), lanes);
  storeLanes(y + 3 * yRow, f32x4.mul(f3, v128.load(rowScales)), lanes);
}
