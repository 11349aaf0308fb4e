import {
  BLOCK,
  GROUP_OUTPUTS,
  LANES_BYTES,
  LANES_SCALES,
  planeBytes,
  Q4_BLOCK,
  Q4_NIBBLES,
  q4StreamBytes,
} from "./layout";
import {
  digitsTimes4 as relaxedDigitsTimes4,
  rows4Times4 as relaxedRows4Times4,
  rowTimes16 as relaxedRowTimes16,
} from "./q4-tiles-relaxed";
import {
  digitsTimes4 as simd128DigitsTimes4,
  rows4Times4 as simd128Rows4Times4,
  rowTimes16 as simd128RowTimes16,
} from "./q4-tiles-simd128";

/**
 * Kernels.matmulQ4. All rows go through a group of sixteen outputs before the next group, four rows at a time and then
 * one by one, so that weights come from memory once.
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
  const bytes = planeBytes(columns);
  const group = (columns / BLOCK) * Q4_BLOCK;
  const yRow = outputs << 2;
  const tiled = bits === 8 ? rows & ~3 : 0;
  let rowScales = weights + q4StreamBytes(outputs, columns);
  for (let output: u32 = 0; output < outputs; output += GROUP_OUTPUTS) {
    const lanes = outputs - output;
    for (let row: u32 = 0; row < tiled; row += 4) {
      fourRows(activations + row * bytes, bytes, columns, weights, rowScales, lanes, y + row * yRow, yRow);
    }
    for (let row = tiled; row < rows; row++) {
      const target = y + row * yRow;
      const plane = activations + row * bytes;
      if (bits === 16) digitsRow(plane + row * bytes, bytes, columns, weights, rowScales, lanes, target);
      else if (ASC_FEATURE_RELAXED_SIMD) relaxedRowTimes16(plane, columns, weights, rowScales, lanes, target);
      else simd128RowTimes16(plane, columns, weights, rowScales, lanes, target);
    }
    weights += group;
    rowScales += GROUP_OUTPUTS << 2;
    y += GROUP_OUTPUTS << 2;
  }
}

/** Four rows times a group, of which `lanes` outputs exist, four outputs at a time. */
function fourRows(
  plane: usize,
  bytes: u32,
  columns: u32,
  weights: usize,
  rowScales: usize,
  lanes: u32,
  y: usize,
  yRow: u32,
): void {
  const parts = min(4, (lanes + 3) >> 2);
  for (let part: u32 = 0; part < parts; part++) {
    const from = weights + part * LANES_BYTES;
    const scales = weights + Q4_NIBBLES + part * LANES_SCALES;
    const factors = rowScales + part * LANES_BYTES;
    const left = lanes - (part << 2);
    const to = y + part * LANES_BYTES;
    if (ASC_FEATURE_RELAXED_SIMD) relaxedRows4Times4(plane, bytes, columns, from, scales, factors, left, to, yRow);
    else simd128Rows4Times4(plane, bytes, columns, from, scales, factors, left, to, yRow);
  }
}

/** One row of 16-bit activations, planes `bytes` apart, times a group, four outputs at a time. */
function digitsRow(
  plane: usize,
  bytes: u32,
  columns: u32,
  weights: usize,
  rowScales: usize,
  lanes: u32,
  y: usize,
): void {
  const parts = min(4, (lanes + 3) >> 2);
  for (let part: u32 = 0; part < parts; part++) {
    const from = weights + part * LANES_BYTES;
    const scales = weights + Q4_NIBBLES + part * LANES_SCALES;
    const factors = rowScales + part * LANES_BYTES;
    const left = lanes - (part << 2);
    const to = y + part * LANES_BYTES;
    if (ASC_FEATURE_RELAXED_SIMD) relaxedDigitsTimes4(plane, bytes, columns, from, scales, factors, left, to);
    else simd128DigitsTimes4(plane, bytes, columns, from, scales, factors, left, to);
  }
}
