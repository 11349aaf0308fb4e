import { BLOCK, GROUP_OUTPUTS, LANES_BYTES, LANES_SCALES, planeBytes, Q8_BLOCK, Q8_BYTES } from "./layout";
import { digitsTimes4, rows4Times4, rowTimes16 } from "./q8-tiles";

/**
 * Kernels.matmulQ8. All rows go through a group of sixteen outputs before the next group, so that weights come from
 * memory once.
 */
export function matmulQ8(
  activations: usize,
  rows: u32,
  columns: u32,
  bits: u32,
  weights: usize,
  outputs: u32,
  y: usize,
): void {
  const bytes = planeBytes(columns);
  const group = (columns / BLOCK) * Q8_BLOCK;
  const yRow = outputs << 2;
  const tiled = bits === 8 ? rows & ~3 : 0;
  for (let output: u32 = 0; output < outputs; output += GROUP_OUTPUTS) {
    const lanes = outputs - output;
    for (let row: u32 = 0; row < tiled; row += 4) {
      fourRows(activations + row * bytes, bytes, columns, weights, lanes, y + row * yRow, yRow);
    }
    for (let row = tiled; row < rows; row++) {
      const target = y + row * yRow;
      const plane = activations + row * bytes;
      if (bits === 16) digitsRow(plane + row * bytes, bytes, columns, weights, lanes, target);
      else rowTimes16(plane, columns, weights, lanes, target);
    }
    weights += group;
    y += GROUP_OUTPUTS << 2;
  }
}

/** One row of 16-bit activations, planes `bytes` apart, times a group, four outputs at a time. */
function digitsRow(plane: usize, bytes: u32, columns: u32, weights: usize, lanes: u32, y: usize): void {
  const parts = min(4, (lanes + 3) >> 2);
  for (let part: u32 = 0; part < parts; part++) {
    const from = weights + part * LANES_BYTES;
    const scales = weights + Q8_BYTES + part * LANES_SCALES;
    const left = lanes - (part << 2);
    const to = y + part * LANES_BYTES;
    digitsTimes4(plane, bytes, columns, from, scales, left, to);
  }
}

/** Four rows times a group, of which `lanes` outputs exist, four outputs at a time. */
function fourRows(plane: usize, bytes: u32, columns: u32, weights: usize, lanes: u32, y: usize, yRow: u32): void {
  const parts = min(4, (lanes + 3) >> 2);
  for (let part: u32 = 0; part < parts; part++) {
    const from = weights + part * LANES_BYTES;
    const scales = weights + Q8_BYTES + part * LANES_SCALES;
    rows4Times4(plane, bytes, columns, from, scales, lanes - (part << 2), y + part * LANES_BYTES, yRow);
  }
}
