import { BLOCK, BLOCK_SCALES, planeScales, Q8_BYTES, SEGMENT } from "./layout";
import { hiddenZero } from "./vector/constants";
import { HALF_FACTOR, HALF_MASK, loadHalves } from "./vector/half";
import { quadDots } from "./vector/q8";
import { storeLanes } from "./vector/sums";

/* One or two activation planes times the 8-bit weights of four outputs; parameters as in q4-tiles-relaxed.ts. */

/** Bytes of the positive and negative parts of 32 columns. */
const BLOCK_WIDE: usize = 64;

export function tile1(plane: usize, columns: u32, weights: usize, lanes: u32, y: usize): void {
  const zero = hiddenZero(columns);
  const ones = i16x8.splat(<i16>(1 + zero));
  const mask = i32x4.splat(HALF_MASK + zero);
  const factor = i32x4.splat(HALF_FACTOR + zero);
  let wide0 = plane + columns;
  let scale = plane + planeScales(columns);
  let f = f32x4.splat(0);
  for (let left = columns; left > 0; ) {
    const segment = min(left, SEGMENT);
    let blockScales = weights + (segment / BLOCK) * Q8_BYTES;
    const nextScales = blockScales + (segment / BLOCK) * BLOCK_SCALES;
    let t = f32x4.splat(0);
    for (; blockScales < nextScales; blockScales += BLOCK_SCALES) {
      let dots = quadDots(v128.load(weights), wide0, ones);
      dots = i32x4.add(dots, quadDots(v128.load(weights, 16), wide0 + 8, ones));
      dots = i32x4.add(dots, quadDots(v128.load(weights, 32), wide0 + 16, ones));
      dots = i32x4.add(dots, quadDots(v128.load(weights, 48), wide0 + 24, ones));
      dots = i32x4.add(dots, quadDots(v128.load(weights, 64), wide0 + 32, ones));
      dots = i32x4.add(dots, quadDots(v128.load(weights, 80), wide0 + 40, ones));
      dots = i32x4.add(dots, quadDots(v128.load(weights, 96), wide0 + 48, ones));
      dots = i32x4.add(dots, quadDots(v128.load(weights, 112), wide0 + 56, ones));
      t = f32x4.add(t, f32x4.mul(f32x4.convert_i32x4_s(dots), loadHalves(blockScales, mask, factor)));
      weights += Q8_BYTES;
      wide0 += BLOCK_WIDE;
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
  const ones = i16x8.splat(<i16>(1 + zero));
  const mask = i32x4.splat(HALF_MASK + zero);
  const factor = i32x4.splat(HALF_FACTOR + zero);
  let wide0 = plane + columns;
  let wide1 = wide0 + bytes;
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
      const v0 = v128.load(weights);
      const v1 = v128.load(weights, 16);
      const v2 = v128.load(weights, 32);
      const v3 = v128.load(weights, 48);
      let dots0 = quadDots(v0, wide0, ones);
      let dots1 = quadDots(v0, wide1, ones);
      dots0 = i32x4.add(dots0, quadDots(v1, wide0 + 8, ones));
      dots1 = i32x4.add(dots1, quadDots(v1, wide1 + 8, ones));
      dots0 = i32x4.add(dots0, quadDots(v2, wide0 + 16, ones));
      dots1 = i32x4.add(dots1, quadDots(v2, wide1 + 16, ones));
      dots0 = i32x4.add(dots0, quadDots(v3, wide0 + 24, ones));
      dots1 = i32x4.add(dots1, quadDots(v3, wide1 + 24, ones));
      const v4 = v128.load(weights, 64);
      const v5 = v128.load(weights, 80);
      const v6 = v128.load(weights, 96);
      const v7 = v128.load(weights, 112);
      dots0 = i32x4.add(dots0, quadDots(v4, wide0 + 32, ones));
      dots1 = i32x4.add(dots1, quadDots(v4, wide1 + 32, ones));
      dots0 = i32x4.add(dots0, quadDots(v5, wide0 + 40, ones));
      dots1 = i32x4.add(dots1, quadDots(v5, wide1 + 40, ones));
      dots0 = i32x4.add(dots0, quadDots(v6, wide0 + 48, ones));
      dots1 = i32x4.add(dots1, quadDots(v6, wide1 + 48, ones));
      dots0 = i32x4.add(dots0, quadDots(v7, wide0 + 56, ones));
      dots1 = i32x4.add(dots1, quadDots(v7, wide1 + 56, ones));
      const scales = loadHalves(blockScales, mask, factor);
      t0 = f32x4.add(t0, f32x4.mul(f32x4.convert_i32x4_s(dots0), scales));
      t1 = f32x4.add(t1, f32x4.mul(f32x4.convert_i32x4_s(dots1), scales));
      weights += Q8_BYTES;
      wide0 += BLOCK_WIDE;
      wide1 += BLOCK_WIDE;
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
