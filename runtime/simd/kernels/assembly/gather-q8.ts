import { BLOCK, GROUP_OUTPUTS, Q8_BLOCK, Q8_BYTES, VECTOR_STRIDE } from "./layout";
import { floatOfHalf } from "./vector/half";

/** Kernels.gatherQ8. */
export function gatherQ8(weights: usize, columns: u32, ids: usize, rows: u32, y: usize): void {
  const blocks = columns / BLOCK;
  for (; rows > 0; rows--) {
    const id = load<u32>(ids);
    const inGroup: usize = id % GROUP_OUTPUTS;
    let block = weights + (id / GROUP_OUTPUTS) * blocks * Q8_BLOCK;
    for (const end = block + blocks * Q8_BLOCK; block < end; block += Q8_BLOCK) {
      const scale = f32x4.splat(floatOfHalf(load<u16>(block + Q8_BYTES + (inGroup << 1))));
      let from = block + (inGroup << 2);
      for (const last = from + Q8_BYTES; from < last; from += VECTOR_STRIDE) {
        const words = i16x8.extend_low_i8x16_s(v128.load32_zero(from));
        v128.store(y, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(words)), scale));
        y += 16;
      }
    }
    ids += 4;
  }
}
