import { BLOCK, planeBytes, Q4_BLOCK, q4StreamBytes } from "./layout";
import { tile1 as relaxedTile1, tile2 as relaxedTile2, tile4 as relaxedTile4 } from "./q4-tiles-relaxed";
import { tile1 as simd128Tile1, tile2 as simd128Tile2, tile4 as simd128Tile4 } from "./q4-tiles-simd128";

/**
 * Kernels.matmulQ4. Planes of activation rows go through the weights of four outputs in tiles of 4, 2 and 1, so that
 * weights come from memory once. With 16 bits two neighbouring planes are one row.
 */
export function matmulQ4(
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
  const group: usize = (columns / BLOCK) * Q4_BLOCK;
  const yRow: usize = outputs << 2;
  let rowScales = weights + q4StreamBytes(outputs, columns);
  for (let output: u32 = 0; output < outputs; output += 4) {
    const lanes = min(4, outputs - output);
    const scales = v128.load(rowScales);
    let plane = activations;
    let target = y + (output << 2);
    let left = planes;
    for (; left >= 4; left -= 4) {
      if (ASC_FEATURE_RELAXED_SIMD) {
        relaxedTile4(plane, bytes, columns, wide, weights, scales, lanes, target, yRow);
      } else {
        simd128Tile4(plane, bytes, columns, wide, weights, scales, lanes, target, yRow);
      }
      plane += bytes << 2;
      target += wide ? yRow << 1 : yRow << 2;
    }
    if (left >= 2) {
      if (ASC_FEATURE_RELAXED_SIMD) {
        relaxedTile2(plane, bytes, columns, wide, weights, scales, lanes, target, yRow);
      } else {
        simd128Tile2(plane, bytes, columns, wide, weights, scales, lanes, target, yRow);
      }
      plane += bytes << 1;
      target += wide ? yRow : yRow << 1;
      left -= 2;
    }
    if (left > 0) {
      if (ASC_FEATURE_RELAXED_SIMD) relaxedTile1(plane, columns, weights, scales, lanes, target);
      else simd128Tile1(plane, columns, weights, scales, lanes, target);
    }
    weights += group;
    rowScales += 16;
  }
}
