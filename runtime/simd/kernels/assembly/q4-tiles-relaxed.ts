import { BLOCK, BLOCK_SCALES, planeScales, planeSums, Q4_NIBBLES, SEGMENT } from "./layout";
import { hiddenZero } from "./vector/constants";
import { blockDots, doubledScales, highNibbles, lowNibbles, scaledSegment } from "./vector/q4-relaxed";
import { storeLanes } from "./vector/sums";

/*
 * One, two or four activation planes times the weights of four outputs, a 32-bit lane an output. Planes are `bytes` apart,
 * results `yRow` bytes. `wide`: neighbouring planes are the high and the low digits of one row.
 */

export function tile1(plane: usize, columns: u32, weights: usize, rowScales: v128, lanes: u32, y: usize): void {
  const mask = i8x16.splat(<i8>(15 + hiddenZero(columns)));
  let sums = plane + planeSums(columns);
  let scale = plane + planeScales(columns);
  let f = f32x4.splat(0);
  for (let left = columns; left > 0; ) {
    const segment = min(left, SEGMENT);
    let blockScales = weights + (segment / BLOCK) * Q4_NIBBLES;
    const nextPlane = plane + segment;
    let s = i32x4.splat(0);
    for (; plane < nextPlane; plane += BLOCK) {
      const v0 = v128.load(weights);
      const v1 = v128.load(weights, 16);
      const v2 = v128.load(weights, 32);
      const v3 = v128.load(weights, 48);
      const dots = blockDots(
        plane,
        sums,
        lowNibbles(v0, mask),
        highNibbles(v0, mask),
        lowNibbles(v1, mask),
        highNibbles(v1, mask),
        lowNibbles(v2, mask),
        highNibbles(v2, mask),
        lowNibbles(v3, mask),
        highNibbles(v3, mask),
      );
      s = i32x4.add(s, i32x4.dot_i16x8_s(dots, doubledScales(blockScales)));
      weights += Q4_NIBBLES;
      blockScales += BLOCK_SCALES;
      sums += 4;
    }
    weights = blockScales;
    f = f32x4.add(f, scaledSegment(s, scale));
    scale += 4;
    left -= segment;
  }
  storeLanes(y, f32x4.mul(f, rowScales), lanes);
}

export function tile2(
  plane: usize,
  bytes: usize,
  columns: u32,
  wide: bool,
  weights: usize,
  rowScales: v128,
  lanes: u32,
  y: usize,
  yRow: usize,
): void {
  const mask = i8x16.splat(<i8>(15 + hiddenZero(columns)));
  let plane1 = plane + bytes;
  let sums = plane + planeSums(columns);
  let sums1 = sums + bytes;
  let scale = plane + planeScales(columns);
  let f0 = f32x4.splat(0);
  let f1 = f32x4.splat(0);
  for (let left = columns; left > 0; ) {
    const segment = min(left, SEGMENT);
    let blockScales = weights + (segment / BLOCK) * Q4_NIBBLES;
    const nextPlane = plane + segment;
    let s0 = i32x4.splat(0);
    let s1 = i32x4.splat(0);
    for (; plane < nextPlane; plane += BLOCK) {
      const v0 = v128.load(weights);
      const v1 = v128.load(weights, 16);
      const v2 = v128.load(weights, 32);
      const v3 = v128.load(weights, 48);
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
      weights += Q4_NIBBLES;
      blockScales += BLOCK_SCALES;
      plane1 += BLOCK;
      sums += 4;
      sums1 += 4;
    }
    weights = blockScales;
    f0 = f32x4.add(f0, scaledSegment(s0, scale));
    const t1 = scaledSegment(s1, scale + bytes);
    if (wide) f0 = f32x4.add(f0, t1);
    else f1 = f32x4.add(f1, t1);
    scale += 4;
    left -= segment;
  }
  storeLanes(y, f32x4.mul(f0, rowScales), lanes);
  if (!wide) storeLanes(y + yRow, f32x4.mul(f1, rowScales), lanes);
}

export function tile4(
  plane: usize,
  bytes: usize,
  columns: u32,
  wide: bool,
  weights: usize,
  rowScales: v128,
  lanes: u32,
  y: usize,
  yRow: usize,
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
  for (let left = columns; left > 0; ) {
    const segment = min(left, SEGMENT);
    let blockScales = weights + (segment / BLOCK) * Q4_NIBBLES;
    const nextPlane = plane + segment;
    let s0 = i32x4.splat(0);
    let s1 = i32x4.splat(0);
    let s2 = i32x4.splat(0);
    let s3 = i32x4.splat(0);
    for (; plane < nextPlane; plane += BLOCK) {
      const v0 = v128.load(weights);
      const v1 = v128.load(weights, 16);
      const v2 = v128.load(weights, 32);
      const v3 = v128.load(weights, 48);
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
      weights += Q4_NIBBLES;
      blockScales += BLOCK_SCALES;
      plane1 += BLOCK;
      plane2 += BLOCK;
      plane3 += BLOCK;
      sums += 4;
      sums1 += 4;
      sums2 += 4;
      sums3 += 4;
    }
    weights = blockScales;
    const t1 = scaledSegment(s1, scale + bytes);
    const t2 = scaledSegment(s2, scale + 2 * bytes);
    const t3 = scaledSegment(s3, scale + 3 * bytes);
    f0 = f32x4.add(f0, scaledSegment(s0, scale));
    if (wide) {
      f0 = f32x4.add(f0, t1);
      f1 = f32x4.add(f32x4.add(f1, t2), t3);
    } else {
      f1 = f32x4.add(f1, t1);
      f2 = f32x4.add(f2, t2);
      f3 = f32x4.add(f3, t3);
    }
    scale += 4;
    left -= segment;
  }
  storeLanes(y, f32x4.mul(f0, rowScales), lanes);
  storeLanes(y + yRow, f32x4.mul(f1, rowScales), lanes);
  if (wide) return;
  storeLanes(y + 2 * yRow, f32x4.mul(f2, rowScales), lanes);
  storeLanes(y + 3 * yRow, f32x4.mul(f3, rowScales), lanes);
}
