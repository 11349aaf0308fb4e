import { BLOCK, BLOCK_SCALES, planeScales, planeSums, Q4_NIBBLES, SEGMENT } from "./layout";
import { hiddenZero } from "./vector/constants";
import { scaledSegment } from "./vector/q4-relaxed";
import { highEven, highOdd, lowEven, lowOdd, offsetSum, vectorDots } from "./vector/q4-simd128";
import { storeLanes } from "./vector/sums";

/* The tiles of q4-tiles-relaxed.ts without relaxed dots: nibbles and activations meet as int16. */

/** Bytes of eight columns' int16. */
const VECTOR_WIDE: usize = 16;

export function tile1(plane: usize, columns: u32, weights: usize, rowScales: v128, lanes: u32, y: usize): void {
  const mask = i16x8.splat(<i16>(15 + hiddenZero(columns)));
  let wide0 = plane + columns;
  let sums = plane + planeSums(columns);
  let scale = plane + planeScales(columns);
  let f = f32x4.splat(0);
  for (let left = columns; left > 0; ) {
    const segment = min(left, SEGMENT);
    let blockScales = weights + (segment / BLOCK) * Q4_NIBBLES;
    const nextScales = blockScales + (segment / BLOCK) * BLOCK_SCALES;
    let s = i32x4.splat(0);
    for (; blockScales < nextScales; blockScales += BLOCK_SCALES) {
      let dots = offsetSum(sums);
      for (let vector = 0; vector < 4; vector++) {
        const v = v128.load(weights);
        dots = vectorDots(dots, wide0, lowEven(v, mask), highEven(v, mask), lowOdd(v, mask), highOdd(v));
        weights += 16;
        wide0 += VECTOR_WIDE;
      }
      s = i32x4.add(s, i32x4.mul(dots, v128.load_ext<i16>(blockScales)));
      sums += 4;
    }
    weights = nextScales;
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
  const mask = i16x8.splat(<i16>(15 + hiddenZero(columns)));
  let wide0 = plane + columns;
  let wide1 = wide0 + bytes;
  let sums = plane + planeSums(columns);
  let scale = plane + planeScales(columns);
  let f0 = f32x4.splat(0);
  let f1 = f32x4.splat(0);
  for (let left = columns; left > 0; ) {
    const segment = min(left, SEGMENT);
    let blockScales = weights + (segment / BLOCK) * Q4_NIBBLES;
    const nextScales = blockScales + (segment / BLOCK) * BLOCK_SCALES;
    let s0 = i32x4.splat(0);
    let s1 = i32x4.splat(0);
    for (; blockScales < nextScales; blockScales += BLOCK_SCALES) {
      let dots0 = offsetSum(sums);
      let dots1 = offsetSum(sums + bytes);
      for (let vector = 0; vector < 4; vector++) {
        const v = v128.load(weights);
        const le = lowEven(v, mask);
        const he = highEven(v, mask);
        const lo = lowOdd(v, mask);
        const ho = highOdd(v);
        dots0 = vectorDots(dots0, wide0, le, he, lo, ho);
        dots1 = vectorDots(dots1, wide1, le, he, lo, ho);
        weights += 16;
        wide0 += VECTOR_WIDE;
        wide1 += VECTOR_WIDE;
      }
      const scales = v128.load_ext<i16>(blockScales);
      s0 = i32x4.add(s0, i32x4.mul(dots0, scales));
      s1 = i32x4.add(s1, i32x4.mul(dots1, scales));
      sums += 4;
    }
    weights = nextScales;
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
    let blockScales = weights + (segment / BLOCK) * Q4_NIBBLES;
    const nextScales = blockScales + (segment / BLOCK) * BLOCK_SCALES;
    let s0 = i32x4.splat(0);
    let s1 = i32x4.splat(0);
    let s2 = i32x4.splat(0);
    let s3 = i32x4.splat(0);
    for (; blockScales < nextScales; blockScales += BLOCK_SCALES) {
      let dots0 = offsetSum(sums);
      let dots1 = offsetSum(sums + bytes);
      let dots2 = offsetSum(sums + 2 * bytes);
      let dots3 = offsetSum(sums + 3 * bytes);
      for (let vector = 0; vector < 4; vector++) {
        const v = v128.load(weights);
        const le = lowEven(v, mask);
        const he = highEven(v, mask);
        const lo = lowOdd(v, mask);
        const ho = highOdd(v);
        dots0 = vectorDots(dots0, wide0, le, he, lo, ho);
        dots1 = vectorDots(dots1, wide1, le, he, lo, ho);
        dots2 = vectorDots(dots2, wide2, le, he, lo, ho);
        dots3 = vectorDots(dots3, wide3, le, he, lo, ho);
        weights += 16;
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
      sums += 4;
    }
    weights = nextScales;
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
