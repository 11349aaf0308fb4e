import { BLOCK, planeScales, planeSums, Q4_BLOCK, Q4_NIBBLES, SEGMENT, VECTOR_STRIDE } from "./layout";
import { hiddenZero } from "./vector/constants";
import { highEven, highOdd, lowEven, lowOdd, offsetSum, partsDots, vectorDots } from "./vector/q4-simd128";
import { scaledSegment, splatLane0, splatLane1, splatLane2, splatLane3, storeGroup, storeLanes } from "./vector/sums";

/*
 * Tiles of q4-tiles-relaxed.ts without relaxed dots: nibbles and activations meet as int16, whose plane `wide` walks; the
 * block's eight-column vectors are gone through one by one, since sixteen registers hold no more.
 */

/** Bytes of eight columns' int16. */
const VECTOR_WIDE: usize = 16;

export function rowTimes16(plane: usize, columns: u32, weights: usize, rowScales: usize, lanes: u32, y: usize): void {
  const mask = i16x8.splat(<i16>(15 + hiddenZero(columns)));
  let wide = plane + columns;
  let sums = plane + planeSums(columns);
  let scale = plane + planeScales(columns);
  let f0 = f32x4.splat(0);
  let f1 = f32x4.splat(0);
  let f2 = f32x4.splat(0);
  let f3 = f32x4.splat(0);
  for (let left = columns; left > 0; ) {
    const segment = min(left, SEGMENT);
    let s0 = i32x4.splat(0);
    let s1 = i32x4.splat(0);
    let s2 = i32x4.splat(0);
    let s3 = i32x4.splat(0);
    for (let block = segment; block > 0; block -= BLOCK) {
      let d0 = offsetSum(sums);
      let d1 = d0;
      let d2 = d0;
      let d3 = d0;
      for (const end = weights + Q4_NIBBLES; weights < end; weights += VECTOR_STRIDE) {
        const q = v128.load(wide);
        const q02 = splatLane0(q);
        const q13 = splatLane1(q);
        const q46 = splatLane2(q);
        const q57 = splatLane3(q);
        d0 = vectorDots(d0, v128.load(weights), mask, q02, q13, q46, q57);
        d1 = vectorDots(d1, v128.load(weights, 16), mask, q02, q13, q46, q57);
        d2 = vectorDots(d2, v128.load(weights, 32), mask, q02, q13, q46, q57);
        d3 = vectorDots(d3, v128.load(weights, 48), mask, q02, q13, q46, q57);
        wide += VECTOR_WIDE;
      }
      s0 = i32x4.add(s0, i32x4.mul(d0, v128.load_ext<i16>(weights)));
      s1 = i32x4.add(s1, i32x4.mul(d1, v128.load_ext<i16>(weights, 8)));
      s2 = i32x4.add(s2, i32x4.mul(d2, v128.load_ext<i16>(weights, 16)));
      s3 = i32x4.add(s3, i32x4.mul(d3, v128.load_ext<i16>(weights, 24)));
      weights += Q4_BLOCK - Q4_NIBBLES;
      sums += 4;
    }
    f0 = f32x4.add(f0, scaledSegment(s0, scale));
    f1 = f32x4.add(f1, scaledSegment(s1, scale));
    f2 = f32x4.add(f2, scaledSegment(s2, scale));
    f3 = f32x4.add(f3, scaledSegment(s3, scale));
    scale += 4;
    left -= segment;
  }
  f0 = f32x4.mul(f0, v128.load(rowScales));
  f1 = f32x4.mul(f1, v128.load(rowScales, 16));
  f2 = f32x4.mul(f2, v128.load(rowScales, 32));
  f3 = f32x4.mul(f3, v128.load(rowScales, 48));
  storeGroup(y, f0, f1, f2, f3, lanes);
}

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
  const mask = i16x8.splat(<i16>(15 + hiddenZero(columns)));
  let wide = plane + columns;
  let sums = plane + planeSums(columns);
  let scale = plane + planeScales(columns);
  let f = f32x4.splat(0);
  for (let left = columns; left > 0; ) {
    const segment = min(left, SEGMENT);
    let s0 = i32x4.splat(0);
    let s1 = i32x4.splat(0);
    for (let block = segment; block > 0; block -= BLOCK) {
      let dots0 = offsetSum(sums);
      let dots1 = offsetSum(sums + bytes);
      for (const end = weights + Q4_NIBBLES; weights < end; weights += VECTOR_STRIDE) {
        const v = v128.load(weights);
        const le = lowEven(v, mask);
        const he = highEven(v, mask);
        const lo = lowOdd(v, mask);
        const ho = highOdd(v);
        dots0 = partsDots(dots0, wide, le, he, lo, ho);
        dots1 = partsDots(dots1, wide + bytes, le, he, lo, ho);
        wide += VECTOR_WIDE;
      }
      const scales = v128.load_ext<i16>(blockScales);
      s0 = i32x4.add(s0, i32x4.mul(dots0, scales));
      s1 = i32x4.add(s1, i32x4.mul(dots1, scales));
      weights += Q4_BLOCK - Q4_NIBBLES;
      blockScales += Q4_BLOCK;
      sums += 4;
    }
    f = f32x4.add(f, scaledSegment(s0, scale));
    f = f32x4.add(f, scaledSegment(s1, scale + bytes));
    scale += 4;
    left -= segment;
  }
  storeLanes(y, f32x4.mul(f, v128.load(rowScales)), lanes);
}

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
  const mask = i16x8.splat(<i16>(15 + hiddenZero(columns)));
  let wide0 = plane + columns;
  let wide1 = wide0 + bytes;
  let wide2 = wide1 + bytes;
  let wide3 = wide2 + bytes;
  let sums = plane + planeSums(columns);
  let scale = plane + planeScales(columns);
  let f0 = f32x4.splat(0);
  let f1 = f32x4.splat(0);
  let f2 = f32x4.splat(0);
  let f3 = f32x4.splat(0);
  for (let left = columns; left > 0; ) {
    const segment = min(left, SEGMENT);
    let s0 = i32x4.splat(0);
    let s1 = i32x4.splat(0);
    let s2 = i32x4.splat(0);
    let s3 = i32x4.splat(0);
    for (let block = segment; block > 0; block -= BLOCK) {
      let dots0 = offsetSum(sums);
      let dots1 = offsetSum(sums + bytes);
      let dots2 = offsetSum(sums + 2 * bytes);
      let dots3 = offsetSum(sums + 3 * bytes);
      for (const end = weights + Q4_NIBBLES; weights < end; weights += VECTOR_STRIDE) {
        const v = v128.load(weights);
        const le = lowEven(v, mask);
        const he = highEven(v, mask);
        const lo = lowOdd(v, mask);
        const ho = highOdd(v);
        dots0 = partsDots(dots0, wide0, le, he, lo, ho);
        dots1 = partsDots(dots1, wide1, le, he, lo, ho);
        dots2 = partsDots(dots2, wide2, le, he, lo, ho);
        dots3 = partsDots(dots3, wide3, le, he, lo, ho);
        wide0 += VECTOR_WIDE;
        wide1 += VECTOR_WIDE;
        wide2 += VECTOR_WIDE;
        wide3 += VECTOR_WIDE;
      }
      const scales = v128.load_ext<i16>(blockScales);
      s0 = i32x4.add(s0, i32x4.mul(dots0, scales));
      s1 = i32x4.add(s1, i32x4.mul(dots1, scales));
      s2 = i32x4.add(s2, i32x4.mul(dots2, scales));
      s3 = i32x4.add(s3, i32x4.mul(dots3, scales));
      weights += Q4_BLOCK - Q4_NIBBLES;
      blockScales += Q4_BLOCK;
      sums += 4;
    }
    f0 = f32x4.add(f0, scaledSegment(s0, scale));
    f1 = f32x4.add(f1, scaledSegment(s1, scale + bytes));
    f2 = f32x4.add(f2, scaledSegment(s2, scale + 2 * bytes));
    f3 = f32x4.add(f3, scaledSegment(s3, scale + 3 * bytes));
    scale += 4;
    left -= segment;
  }
  storeLanes(y, f32x4.mul(f0, v128.load(rowScales)), lanes);
  storeLanes(y + yRow, f32x4.mul(f1, v128.load(rowScales)), lanes);
  storeLanes(y + 2 * yRow, f32x4.mul(f2, v128.load(rowScales)), lanes);
  storeLanes(y + 3 * yRow, f32x4.mul(f3, v128.load(rowScales)), lanes);
}
