import {
  BLOCK,
  GROUP_OUTPUTS,
  LANES_BYTES,
  LANES_SCALES,
  Q4_BLOCK,
  Q4_NIBBLES,
  q4StreamBytes,
  VECTOR_STRIDE,
} from "./layout";
import { ROUNDER } from "./vector/exponential";
import { floatOfHalf } from "./vector/half";

const MAX_BLOCK_SCALE: f32 = 16383;

/** Kernels.repackQ4. */
export function repackQ4(
  bytes: usize,
  scales: usize,
  firstOutput: u32,
  outputs: u32,
  columns: u32,
  totalOutputs: u32,
  weights: usize,
): void {
  const blocks = columns / BLOCK;
  let rowScales = weights + q4StreamBytes(totalOutputs, columns) + (firstOutput << 2);
  const end = firstOutput + outputs;
  for (let output = firstOutput; output < end; output += 4) {
    const lanes = min(4, end - output);
    const part = (output % GROUP_OUTPUTS) >> 2;
    const group = weights + (output / GROUP_OUTPUTS) * blocks * Q4_BLOCK;
    for (let block: u32 = 0; block < blocks; block++) {
      repackBlock(bytes + (block << 4), blocks << 4, lanes, group + block * Q4_BLOCK + part * LANES_BYTES);
    }
    const blockScales = group + Q4_NIBBLES + part * LANES_SCALES;
    for (let lane: u32 = 0; lane < 4; lane++) {
      const to = blockScales + (lane << 1);
      store<f32>(rowScales, lane < lanes ? repackScales(scales, blocks, to) : zeroScales(blocks, to));
      scales += blocks << 1;
      rowScales += 4;
    }
    bytes += blocks << 6;
  }
}

/** Four rows' 16 bytes of one block, `stride` apart, into 4 vectors of 4 bytes a row, VECTOR_STRIDE apart. */
function repackBlock(from: usize, stride: u32, lanes: u32, to: usize): void {
  const zero = i32x4.splat(0);
  const r0 = nibblesByLane(v128.load(from));
  const r1 = lanes > 1 ? nibblesByLane(v128.load(from + stride)) : zero;
  const r2 = lanes > 2 ? nibblesByLane(v128.load(from + 2 * stride)) : zero;
  const r3 = lanes > 3 ? nibblesByLane(v128.load(from + 3 * stride)) : zero;
  const low01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const low23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const high23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(low01, low23, 0, 2));
  v128.store(to, v128.shuffle<i64>(low01, low23, 1, 3), VECTOR_STRIDE);
  v128.store(to, v128.shuffle<i64>(high01, high23, 0, 2), 2 * VECTOR_STRIDE);
  v128.store(to, v128.shuffle<i64>(high01, high23, 1, 3), 3 * VECTOR_STRIDE);
}

/** Nibbles 0 1 2 3 4 5 6 7 of each 32-bit lane in the order 0 4 1 5 2 6 3 7. */
function nibblesByLane(v: v128): v128 {
  const bytes = v128.shuffle<i8>(v, v, 0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
  const kept = v128.and(bytes, i16x8.splat(<i16>0xf00f));
  const up = i16x8.shl(v128.and(bytes, i16x8.splat(0x00f0)), 4);
  const down = i16x8.shr_u(v128.and(bytes, i16x8.splat(0x0f00)), 4);
  return v128.or(kept, v128.or(up, down));
}

/** Writes one output's int16 block scales, a block apart from `to` on, and returns its row scale. */
function repackScales(scales: usize, blocks: u32, to: usize): f32 {
  let largest: u32 = 0;
  for (let block: u32 = 0; block < blocks; block++) largest = max(largest, load<u16>(scales + (block << 1)) & 0x7fff);
  const rowScale = floatOfHalf(largest) / MAX_BLOCK_SCALE;
  for (let block: u32 = 0; block < blocks; block++) {
    const relative: f32 = largest > 0 ? floatOfHalf(load<u16>(scales + (block << 1))) / rowScale : 0;
    store<i16>(to + block * Q4_BLOCK, <i16>(relative + ROUNDER - ROUNDER));
  }
  return rowScale;
}

function zeroScales(blocks: u32, to: usize): f32 {
  for (let block: u32 = 0; block < blocks; block++) store<i16>(to + block * Q4_BLOCK, 0);
  return 0;
}
