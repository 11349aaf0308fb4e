import { BLOCK, planeBytes, Q8_BLOCK } from "./layout";
import { tile1 as relaxedTile1, tile2 as relaxedTile2 } from "./q8-tiles-relaxed";
import { tile1 as simd128Tile1, tile2 as simd128Tile2 } from "./q8-tiles-simd128";

/** Kernels.matmulQ8, in the tiles of matmul-q4.ts. */
export function matmulQ8(
  activations: usize,
  rows: u32,
  columns: u32,
  bits: u32,
  weights: usize,
  outputs: u32,
  y: usize,
): void {
  const wide = bits === 16;
  const planes = wide ? rows << 1 : rows;
  const bytes: usize = planeBytes(columns);
  const group: usize = (columns / BLOCK) * Q8_BLOCK;
  const yRow: usize = outputs << 2;
  for (let output: u32 = 0; output < outputs; output += 4) {
    const lanes = min(4, outputs - output);
    let plane = activations;
    let target = y + (output << 2);
    let left = planes;
    for (; left >= 2; left -= 2) {
      if (ASC_FEATURE_RELAXED_SIMD) relaxedTile2(plane, bytes, columns, wide, weights, lanes, target, yRow);
      else simd128Tile2(plane, bytes, columns, wide, weights, lanes, target, yRow);
      plane += bytes << 1;
      target += wide ? yRow : yRow << 1;
    }
    if (left > 0) {
      if (ASC_FEATURE_RELAXED_SIMD) relaxedTile1(plane, columns, weights, lanes, target);
      else simd128Tile1(plane, columns, weights, lanes, target);
    }
    weights += group;
  }
}
