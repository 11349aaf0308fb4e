import { BLOCK, BLOCK_SCALES, Q8_BLOCK, SEGMENT_BLOCKS } from "./layout";

/** Kernels.repackQ8. */
export function repackQ8(
  bytes: usize,
  scales: usize,
  firstOutput: u32,
  outputs: u32,
  columns: u32,
  weights: usize,
): void {
  const blocks = columns / BLOCK;
  let to = weights + (firstOutput >> 2) * blocks * Q8_BLOCK;
  for (let left = outputs; left > 0; ) {
    const lanes = min(4, left);
    for (let first: u32 = 0; first < blocks; first += SEGMENT_BLOCKS) {
      const inSegment = min(SEGMENT_BLOCKS, blocks - first);
      const from = bytes + first * BLOCK;
      for (let part: u32 = 0; part < inSegment * BLOCK; part += 16) {
        repackColumns(from + part, columns, lanes, to);
        to += 64;
      }
      for (let block = first; block < first + inSegment; block++) {
        for (let lane: u32 = 0; lane < 4; lane++) {
          const scale: u16 = lane < lanes ? load<u16>(scales + ((lane * blocks + block) << 1)) : 0;
          store<u16>(to + (lane << 1), scale);
        }
        to += BLOCK_SCALES;
      }
    }
    bytes += columns << 2;
    scales += blocks << 3;
    left -= lanes;
  }
}

/** Sixteen columns of four rows, `stride` bytes apart, into 4 vectors of 4 signed bytes a row. */
function repackColumns(from: usize, stride: u32, lanes: u32, to: usize): void {
  const offset = i8x16.splat(-128);
  const r0 = v128.load(from);
  const r1 = lanes > 1 ? v128.load(from + stride) : offset;
  const r2 = lanes > 2 ? v128.load(from + 2 * stride) : offset;
  const r3 = lanes > 3 ? v128.load(from + 3 * stride) : offset;
  const low01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const low23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const high23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.xor(v128.shuffle<i64>(low01, low23, 0, 2), offset));
  v128.store(to, v128.xor(v128.shuffle<i64>(low01, low23, 1, 3), offset), 16);
  v128.store(to, v128.xor(v128.shuffle<i64>(high01, high23, 0, 2), offset), 32);
  v128.store(to, v128.xor(v128.shuffle<i64>(high01, high23, 1, 3), offset), 48);
}
