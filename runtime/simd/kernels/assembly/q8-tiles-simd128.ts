import { BLOCK, BLOCK_SCALES, planeScales, Q8_BYTES, SEGMENT } from "./layout";
import { hiddenZero } from "./vector/constants";
import { HALF_FACTOR, HALF_MASK, loadHalves } from "./vector/half";
import { wideColumns } from "./vector/q8";
import { storeLanes } from "./vector/sums";

/* The tiles of q8-tiles-relaxed.ts without relaxed dots: weights and activations meet as int16. */

export function tile1(plane: usize, columns: u32, weights: usize, lanes: u32, y: usize): void {
  const zero = hiddenZero(columns);
  const mask = i32x4.splat(HALF_MASK + zero);
  const factor = i32x4.splat(HALF_FACTOR + zero);
  let scale = plane + planeScales(columns);
  let f = f32x4.splat(0);
  for (let left = columns; left > 0; ) {
    const segment = min(left, SEGMENT);
    let blockScales = weights + (segment / BLOCK) * Q8_BYTES;
    const nextScales = blockScales + (segment / BLOCK) * BLOCK_SCALES;
    let t = f32x4.splat(0);
    for (; blockScales < nextScales; blockScales += BLOCK_SCALES) {
      // Two 32-bit lanes an output: outputs 0 and 1, then 2 and 3.
      let low = i32x4.splat(0);
      let high = i32x4.splat(0);
      for (const nextWeights = weights + Q8_BYTES; weights < nextWeights; weights += 16) {
        const q = wideColumns(plane);
        low = i32x4.add(low, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights), q));
        high = i32x4.add(high, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 8), q));
        plane += 4;
      }
      t = f32x4.add(t, f32x4.mul(f32x4.convert_i32x4_s(sumsOfPairs(low, high)), loadHalves(blockScales, mask, factor)));
    }
    weights = nextScales;
    f = f32x4.add(f, f32x4.mul(t, v128.load32_splat(scale)));
    scale += 4;
    left -= segment;
  }
  storeLanes(y, f, lanes);
}

export function tile2(
  plane: usize,
  bytes: usize,
  columns: u32,
  wide: bool,
  weights: usize,
  lanes: u32,
  y: usize,
  yRow: usize,
): void {
  const zero = hiddenZero(columns);
  const mask = i32x4.splat(HALF_MASK + zero);
  const factor = i32x4.splat(HALF_FACTOR + zero);
  let scale = plane + planeScales(columns);
  let f0 = f32x4.splat(0);
  let f1 = f32x4.splat(0);
  for (let left = columns; left > 0; ) {
    const segment = min(left, SEGMENT);
    let blockScales = weights + (segment / BLOCK) * Q8_BYTES;
    const nextScales = blockScales + (segment / BLOCK) * BLOCK_SCALES;
    let t0 = f32x4.splat(0);
    let t1 = f32x4.splat(0);
    for (; blockScales < nextScales; blockScales += BLOCK_SCALES) {
      let low0 = i32x4.splat(0);
      let high0 = i32x4.splat(0);
      let low1 = i32x4.splat(0);
      let high1 = i32x4.splat(0);
      for (const nextWeights = weights + Q8_BYTES; weights < nextWeights; weights += 16) {
        const w0 = v128.load_ext<i8>(weights);
        const w1 = v128.load_ext<i8>(weights, 8);
        const q0 = wideColumns(plane);
        const q1 = wideColumns(plane + bytes);
        low0 = i32x4.add(low0, i32x4.dot_i16x8_s(w0, q0));
        high0 = i32x4.add(high0, i32x4.dot_i16x8_s(w1, q0));
        low1 = i32x4.add(low1, i32x4.dot_i16x8_s(w0, q1));
        high1 = i32x4.add(high1, i32x4.dot_i16x8_s(w1, q1));
        plane += 4;
      }
      const scales = loadHalves(blockScales, mask, factor);
      t0 = f32x4.add(t0, f32x4.mul(f32x4.convert_i32x4_s(sumsOfPairs(low0, high0)), scales));
      t1 = f32x4.add(t1, f32x4.mul(f32x4.convert_i32x4_s(sumsOfPairs(low1, high1)), scales));
    }
    weights = nextScales;
    f0 = f32x4.add(f0, f32x4.mul(t0, v128.load32_splat(scale)));
    t1 = f32x4.mul(t1, v128.load32_splat(scale + bytes));
    if (wide) f0 = f32x4.add(f0, t1);
    else f1 = f32x4.add(f1, t1);
    scale += 4;
    left -= segment;
  }
  storeLanes(y, f0, lanes);
  if (!wide) storeLanes(y + yRow, f1, lanes);
}

/** [a0 + a1, a2 + a3, b0 + b1, b2 + b3]. */
function sumsOfPairs(a: v128, b: v128): v128 {
  return i32x4.add(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7));
}
