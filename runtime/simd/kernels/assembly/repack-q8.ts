import { BLOCK, GROUP_OUTPUTS, LANES_BYTES, LANES_SCALES, Q8_BLOCK, Q8_BYTES, VECTOR_STRIDE } from "./layout";

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
  const end = firstOutput + outputs;
  for (let output = firstOutput; output < end; output += 4) {
    const lanes = min(4, end - output);
    const part = (output % GROUP_OUTPUTS) >> 2;
    let to = weights + (output / GROUP_OUTPUTS) * blocks * Q8_BLOCK;
    for (let block: u32 = 0; block < blocks; block++) {
      const from = bytes + block * BLOCK;
      repackColumns(from, columns, lanes, to + part * LANES_BYTES);
      repackColumns(from + 16, columns, lanes, to + 4 * VECTOR_STRIDE + part * LANES_BYTES);
      const scalesTo = to + Q8_BYTES + part * LANES_SCALES;
      for (let lane: u32 = 0; lane < 4; lane++) {
        const scale: u16 = lane < lanes ? load<u16>(scales + ((lane * blocks + block) << 1)) : 0;
        store<u16>(scalesTo + (lane << 1), scale);
      }
      to += Q8_BLOCK;
    }
    bytes += columns << 2;
    scales += blocks << 3;
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
  v128.store(to, v128.xor(v128.shuffle<i64>(low01, low23, 1, 3), offset), VECTOR_STRIDE);
  v128.store(to, v128.xor(v128.shuffle<i64>(high01, high23, 0, 2), offset), 2 * VECTOR_STRIDE);
  v128.store(to, v128.xor(v128.shuffle<i64>(high01, high23, 1, 3), offset), 3 * VECTOR_STRIDE);
}
