import { planeScales, Q8_BLOCK, Q8_BYTES, SEGMENT, VECTOR_STRIDE } from "./layout";
import { hiddenZero } from "./vector/constants";
import { HALF_FACTOR, HALF_MASK, loadHalves } from "./vector/half";
import { firstColumns, fourColumns, scaledBlock, sumsOfPairs, WIDE_BYTES, wideColumns } from "./vector/q8";
import { storeGroup, storeLanes } from "./vector/sums";

/*
 * Both builds: 8-bit weights do not fit the seven bits of a relaxed dot, and splitting them costs what it saves. Weights
 * and activations meet as int16. An output's sum is spread over two 32-bit lanes: two outputs a vector.
 */

/** One row (a plane of 8-bit activations) times sixteen outputs, of which the first `lanes` are stored. */
export function rowTimes16(plane: usize, columns: u32, weights: usize, lanes: u32, y: usize): void {
  const zero = hiddenZero(columns);
  const mask = i32x4.splat(HALF_MASK + zero);
  const factor = i32x4.splat(HALF_FACTOR + zero);
  let scale = plane + planeScales(columns);
  let f0 = f32x4.splat(0);
  let f1 = f32x4.splat(0);
  let f2 = f32x4.splat(0);
  let f3 = f32x4.splat(0);
  for (const end = plane + columns; plane < end; ) {
    const segmentEnd = min(plane + SEGMENT, end);
    let t0 = f32x4.splat(0);
    let t1 = f32x4.splat(0);
    let t2 = f32x4.splat(0);
    let t3 = f32x4.splat(0);
    while (plane < segmentEnd) {
      let d01 = i32x4.splat(0);
      let d23 = i32x4.splat(0);
      let d45 = i32x4.splat(0);
      let d67 = i32x4.splat(0);
      let d89 = i32x4.splat(0);
      let dAB = i32x4.splat(0);
      let dCD = i32x4.splat(0);
      let dEF = i32x4.splat(0);
      for (const next = weights + Q8_BYTES; weights < next; weights += VECTOR_STRIDE) {
        const q = wideColumns(plane);
        d01 = i32x4.add(d01, i32x4.dot_i16x8_s(q, v128.load_ext<i8>(weights)));
        d23 = i32x4.add(d23, i32x4.dot_i16x8_s(q, v128.load_ext<i8>(weights, 8)));
        d45 = i32x4.add(d45, i32x4.dot_i16x8_s(q, v128.load_ext<i8>(weights, 16)));
        d67 = i32x4.add(d67, i32x4.dot_i16x8_s(q, v128.load_ext<i8>(weights, 24)));
        d89 = i32x4.add(d89, i32x4.dot_i16x8_s(q, v128.load_ext<i8>(weights, 32)));
        dAB = i32x4.add(dAB, i32x4.dot_i16x8_s(q, v128.load_ext<i8>(weights, 40)));
        dCD = i32x4.add(dCD, i32x4.dot_i16x8_s(q, v128.load_ext<i8>(weights, 48)));
        dEF = i32x4.add(dEF, i32x4.dot_i16x8_s(q, v128.load_ext<i8>(weights, 56)));
        plane += 4;
      }
      t0 = f32x4.add(t0, scaledBlock(sumsOfPairs(d01, d23), weights, mask, factor));
      t1 = f32x4.add(t1, scaledBlock(sumsOfPairs(d45, d67), weights + 8, mask, factor));
      t2 = f32x4.add(t2, scaledBlock(sumsOfPairs(d89, dAB), weights + 16, mask, factor));
      t3 = f32x4.add(t3, scaledBlock(sumsOfPairs(dCD, dEF), weights + 24, mask, factor));
      weights += Q8_BLOCK - Q8_BYTES;
    }
    const activationScale = v128.load32_splat(scale);
    f0 = f32x4.add(f0, f32x4.mul(t0, activationScale));
    f1 = f32x4.add(f1, f32x4.mul(t1, activationScale));
    f2 = f32x4.add(f2, f32x4.mul(t2, activationScale));
    f3 = f32x4.add(f3, f32x4.mul(t3, activationScale));
    scale += 4;
  }
  storeGroup(y, f0, f1, f2, f3, lanes);
}

/** The two planes of one row of 16-bit activations, `bytes` apart, times the four outputs at `weights`. */
export function digitsTimes4(
  plane: usize,
  bytes: u32,
  columns: u32,
  weights: usize,
  blockScales: usize,
  lanes: u32,
  y: usize,
): void {
  const zero = hiddenZero(columns);
  const mask = i32x4.splat(HALF_MASK + zero);
  const factor = i32x4.splat(HALF_FACTOR + zero);
  let scale = plane + planeScales(columns);
  let f = f32x4.splat(0);
  for (const end = plane + columns; plane < end; ) {
    const segmentEnd = min(plane + SEGMENT, end);
    let t0 = f32x4.splat(0);
    let t1 = f32x4.splat(0);
    while (plane < segmentEnd) {
      let high01 = i32x4.splat(0);
      let high23 = i32x4.splat(0);
      let low01 = i32x4.splat(0);
      let low23 = i32x4.splat(0);
      for (const next = weights + Q8_BYTES; weights < next; weights += VECTOR_STRIDE) {
        const w01 = v128.load_ext<i8>(weights);
        const w23 = v128.load_ext<i8>(weights, 8);
        const high = wideColumns(plane);
        const low = wideColumns(plane + bytes);
        high01 = i32x4.add(high01, i32x4.dot_i16x8_s(w01, high));
        high23 = i32x4.add(high23, i32x4.dot_i16x8_s(w23, high));
        low01 = i32x4.add(low01, i32x4.dot_i16x8_s(w01, low));
        low23 = i32x4.add(low23, i32x4.dot_i16x8_s(w23, low));
        plane += 4;
      }
      t0 = f32x4.add(t0, scaledBlock(sumsOfPairs(high01, high23), blockScales, mask, factor));
      t1 = f32x4.add(t1, scaledBlock(sumsOfPairs(low01, low23), blockScales, mask, factor));
      weights += Q8_BLOCK - Q8_BYTES;
      blockScales += Q8_BLOCK;
    }
    f = f32x4.add(f, f32x4.mul(t0, v128.load32_splat(scale)));
    f = f32x4.add(f, f32x4.mul(t1, v128.load32_splat(scale + bytes)));
    scale += 4;
  }
  storeLanes(y, f, lanes);
}

/** Four rows (planes `bytes` apart) times the four outputs at `weights`; results go `yRow` bytes apart. */
export function rows4Times4(
  plane: usize,
  bytes: u32,
  columns: u32,
  weights: usize,
  blockScales: usize,
  lanes: u32,
  y: usize,
  yRow: u32,
): void {
  const zero = hiddenZero(columns);
  const mask = i32x4.splat(HALF_MASK + zero);
  const factor = i32x4.splat(HALF_FACTOR + zero);
  let scale = plane + planeScales(columns);
  let at = firstColumns(plane, columns);
  let f0 = f32x4.splat(0);
  let f1 = f32x4.splat(0);
  let f2 = f32x4.splat(0);
  let f3 = f32x4.splat(0);
  for (const end = at + WIDE_BYTES * columns; at < end; ) {
    const segmentEnd = min(at + WIDE_BYTES * SEGMENT, end);
    let t0 = f32x4.splat(0);
    let t1 = f32x4.splat(0);
    let t2 = f32x4.splat(0);
    let t3 = f32x4.splat(0);
    while (at < segmentEnd) {
      let a01 = i32x4.splat(0);
      let a23 = i32x4.splat(0);
      let b01 = i32x4.splat(0);
      let b23 = i32x4.splat(0);
      let c01 = i32x4.splat(0);
      let c23 = i32x4.splat(0);
      let d01 = i32x4.splat(0);
      let d23 = i32x4.splat(0);
      for (const next = weights + Q8_BYTES; weights < next; weights += VECTOR_STRIDE) {
        const w01 = v128.load_ext<i8>(weights);
        const w23 = v128.load_ext<i8>(weights, 8);
        let q = fourColumns(at);
        a01 = i32x4.add(a01, i32x4.dot_i16x8_s(w01, q));
        a23 = i32x4.add(a23, i32x4.dot_i16x8_s(w23, q));
        q = fourColumns(at + bytes);
        b01 = i32x4.add(b01, i32x4.dot_i16x8_s(w01, q));
        b23 = i32x4.add(b23, i32x4.dot_i16x8_s(w23, q));
        q = fourColumns(at + 2 * bytes);
        c01 = i32x4.add(c01, i32x4.dot_i16x8_s(w01, q));
        c23 = i32x4.add(c23, i32x4.dot_i16x8_s(w23, q));
        q = fourColumns(at + 3 * bytes);
        d01 = i32x4.add(d01, i32x4.dot_i16x8_s(w01, q));
        d23 = i32x4.add(d23, i32x4.dot_i16x8_s(w23, q));
        at += 4 * WIDE_BYTES;
      }
      const scales = loadHalves(blockScales, mask, factor);
      t0 = f32x4.add(t0, f32x4.mul(f32x4.convert_i32x4_s(sumsOfPairs(a01, a23)), scales));
      t1 = f32x4.add(t1, f32x4.mul(f32x4.convert_i32x4_s(sumsOfPairs(b01, b23)), scales));
      t2 = f32x4.add(t2, f32x4.mul(f32x4.convert_i32x4_s(sumsOfPairs(c01, c23)), scales));
      t3 = f32x4.add(t3, f32x4.mul(f32x4.convert_i32x4_s(sumsOfPairs(d01, d23)), scales));
      weights += Q8_BLOCK - Q8_BYTES;
      blockScales += Q8_BLOCK;
    }
    f0 = f32x4.add(f0, f32x4.mul(t0, v128.load32_splat(scale)));
    f1 = f32x4.add(f1, f32x4.mul(t1, v128.load32_splat(scale + bytes)));
    f2 = f32x4.add(f2, f32x4.mul(t2, v128.load32_splat(scale + 2 * bytes)));
    f3 = f32x4.add(f3, f32x4.mul(t3, v128.load32_splat(scale + 3 * bytes)));
    scale += 4;
  }
  storeLanes(y, f0, lanes);
  storeLanes(y + yRow, f1, lanes);
  storeLanes(y + 2 * yRow, f2, lanes);
  storeLanes(y + 3 * yRow, f3, lanes);
}
