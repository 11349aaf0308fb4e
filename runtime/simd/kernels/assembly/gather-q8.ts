import { BLOCK, BLOCK_SCALES, Q8_BLOCK, Q8_BYTES, SEGMENT } from "./layout";
import { HALF_FACTOR, HALF_MASK, loadHalves } from "./vector/half";

/** Kernels.gatherQ8. */
export function gatherQ8(weights: usize, columns: u32, ids: usize, rows: u32, y: usize): void {
  const mask = i32x4.splat(HALF_MASK);
  const factor = i32x4.splat(HALF_FACTOR);
  for (; rows > 0; rows--) {
    const id = load<u32>(ids);
    const lane: usize = id & 3;
    let from = weights + <usize>(id >> 2) * ((columns / BLOCK) * Q8_BLOCK);
    for (let left = columns; left > 0; ) {
      const segment = min(left, SEGMENT);
      let blockScales = from + (segment / BLOCK) * Q8_BYTES;
      const nextScales = blockScales + (segment / BLOCK) * BLOCK_SCALES;
      for (; blockScales < nextScales; blockScales += BLOCK_SCALES) {
        const scales = loadHalves(blockScales, mask, factor);
        const scale = v128.swizzle(scales, i8x16.add(i8x16.splat(<i8>(lane << 2)), i32x4.splat(0x03020100)));
        for (const nextFrom = from + Q8_BYTES; from < nextFrom; from += 16) {
          const words = i16x8.extend_low_i8x16_s(v128.load32_zero(from + (lane << 2)));
          v128.store(y, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(words)), scale));
          y += 16;
        }
      }
      from = nextScales;
      left -= segment;
    }
    ids += 4;
  }
}
