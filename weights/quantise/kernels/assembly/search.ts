import { halfBits, halfValue } from "./half";

const LOWEST: f32 = -8;
const HIGHEST: f32 = 7;
/** Tried: the largest magnitude at the range's end and up to so many levels within or beyond it, on either sign. */
const REACH_LEVELS: f32 = 2;
const STEP_LEVELS: f32 = 0.25;

function sum(lanes: v128): f32 {
  return (
    f32x4.extract_lane(lanes, 0) +
    f32x4.extract_lane(lanes, 1) +
    (f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3))
  );
}

/**
 * The scale d, before it becomes fp16, for 32 values that keeps Σ importance · (value − d · q)² small, q in −8 … 7. For
 * every candidate the q are rounded, then d is the least-squares fit to them.
 */
export function searchScale(values: usize, importance: usize): f32 {
  let extreme: f32 = 0;
  for (let i: usize = 0; i < 128; i += 4) {
    const value = load<f32>(values + i);
    if (abs(value) > abs(extreme)) extreme = value;
  }
  if (extreme === 0) return 0;
  const lowest = f32x4.splat(LOWEST);
  const highest = f32x4.splat(HIGHEST);
  let bestScore: f32 = -1;
  let best: f32 = extreme / LOWEST;
  for (let side = 0; side < 2; side++) {
    const end: f32 = side === 0 ? -LOWEST : HIGHEST;
    for (let levels = end - REACH_LEVELS; levels <= end + REACH_LEVELS; levels += STEP_LEVELS) {
      const inverse = f32x4.splat((side === 0 ? -levels : levels) / extreme);
      let products = f32x4.splat(0);
      let squares = f32x4.splat(0);
      for (let i: usize = 0; i < 128; i += 16) {
        const value = v128.load(values + i);
        const level = f32x4.min(f32x4.max(f32x4.nearest(f32x4.mul(value, inverse)), lowest), highest);
        const weighted = f32x4.mul(v128.load(importance + i), level);
        products = f32x4.add(products, f32x4.mul(weighted, value));
        squares = f32x4.add(squares, f32x4.mul(weighted, level));
      }
      const product = sum(products);
      const square = sum(squares);
      if (!(square > 0)) continue;
      // The error of the fitted scale is Σ importance · value² − product² / square.
      const score = (product / square) * product;
      if (score > bestScore) {
        bestScore = score;
        best = product / square;
      }
    }
  }
  return best;
}

/** QuantiseKernels.searchRows. */
export function searchRows(
  values: usize,
  rows: u32,
  columns: u32,
  importance: usize,
  scales: usize,
  levels: usize,
): void {
  const rowBytes: usize = (<usize>columns) << 2;
  for (let row: u32 = 0; row < rows; row++)
    for (let at: usize = 0; at < rowBytes; at += 128) {
      const bits = halfBits(searchScale(values, importance + at));
      const scale = halfValue(bits);
      const inverse: f32 = scale === 0 ? 0 : 1 / scale;
      store<u16>(scales, <u16>bits);
      for (let i = 0; i < 32; i++) {
        const level = min(max(nearest(load<f32>(values) * inverse), LOWEST), HIGHEST);
        store<i8>(levels, <i8>level);
        values += 4;
        levels++;
      }
      scales += 2;
    }
}
