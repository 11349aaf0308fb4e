import { BLOCK, BLOCK_SCALES, Q4_BLOCK, Q4_NIBBLES, q4StreamBytes, SEGMENT_BLOCKS } from "./layout";
import { ROUNDER } from "./vector/exponential";
import { HALF_FACTOR } from "./vector/half";

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
  let group = weights + (firstOutput >> 2) * blocks * Q4_BLOCK;
  for (let left = outputs; left > 0; ) {
    const lanes = min(4, left);
    for (let block: u32 = 0; block < blocks; block++) {
      repackBlock(bytes + (block << 4), blocks << 4, lanes, nibblesAt(group, block));
    }
    for (let lane: u32 = 0; lane < 4; lane++) {
      store<f32>(rowScales, lane < lanes ? repackScales(scales, blocks, group, lane) : zeroScales(blocks, group, lane));
      scales += blocks << 1;
      rowScales += 4;
    }
    bytes += blocks << 6;
    group += blocks * Q4_BLOCK;
    left -= lanes;
  }
}

function nibblesAt(group: usize, block: u32): usize {
  const first = block & ~(SEGMENT_BLOCKS - 1);
  return group + first * Q4_BLOCK + (block - first) * Q4_NIBBLES;
}

function scalesAt(group: usize, blocks: u32, block: u32): usize {
  const first = block & ~(SEGMENT_BLOCKS - 1);
  const inSegment = min(SEGMENT_BLOCKS, blocks - first);
  return group + first * Q4_BLOCK + inSegment * Q4_NIBBLES + (block - first) * BLOCK_SCALES;
}

/** Four rows' 16 bytes of one block, `stride` apart, into 4 vectors of 4 bytes a row. */
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
  v128.store(to, v128.shuffle<i64>(low01, low23, 1, 3), 16);
  v128.store(to, v128.shuffle<i64>(high01, high23, 0, 2), 32);
  v128.store(to, v128.shuffle<i64>(high01, high23, 1, 3), 48);
}

/** Nibbles 0 1 2 3 4 5 6 7 of each 32-bit lane in the order 0 4 1 5 2 6 3 7. */
function nibblesByLane(v: v128): v128 {
  const bytes = v128.shuffle<i8>(v, v, 0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
  const kept = v128.and(bytes, i16x8.splat(<i16>0xf00f));
  const up = i16x8.shl(v128.and(bytes, i16x8.splat(0x00f0)), 4);
  const down = i16x8.shr_u(v128.and(bytes, i16x8.splat(0x0f00)), 4);
  return v128.or(kept, v128.or(up, down));
}

/** Writes one output's int16 block scales and returns its row scale. */
function repackScales(scales: usize, blocks: u32, group: usize, lane: u32): f32 {
  let largest: u32 = 0;
  for (let block: u32 = 0; block < blocks; block++) largest = max(largest, load<u16>(scales + (block << 1)) & 0x7fff);
  const rowScale = floatOfHalf(largest) / MAX_BLOCK_SCALE;
  for (let block: u32 = 0; block < blocks; block++) {
    const relative: f32 = largest > 0 ? floatOfHalf(load<u16>(scales + (block << 1))) / rowScale : 0;
    store<i16>(scalesAt(group, blocks, block) + (lane << 1), <i16>(relative + ROUNDER - ROUNDER));
  }
  return rowScale;
}

function zeroScales(blocks: u32, group: usize, lane: u32): f32 {
  for (let block: u32 = 0; block < blocks; block++) store<i16>(scalesAt(group, blocks, block) + (lane << 1), 0);
  return 0;
}

function floatOfHalf(half: u32): f32 {
  const magnitude = reinterpret<f32>((half & 0x7fff) << 13) * reinterpret<f32>(HALF_FACTOR);
  return half & 0x8000 ? -magnitude : magnitude;
}
