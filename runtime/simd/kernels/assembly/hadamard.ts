/**
 * The unnormalised Hadamard transform (Sylvester's order) of `from` [count] to `to`, which may be `from`, in blocks of the
 * largest power of two that divides the count (a multiple of 16). Products of two transformed vectors are those of the
 * vectors times the block's length, but a single large number is spread over the whole block (QuaRot, Ashkboos et al.
 * 2024), so that int8 steps suit all of them.
 */
export function hadamard(from: usize, count: u32, to: usize): void {
  const bytes = count << 2;
  const blockBytes = bytes & -bytes;
  const signs1 = i32x4(0, -0x80000000, 0, -0x80000000);
  const signs2 = i32x4(0, 0, -0x80000000, -0x80000000);
  for (let at: u32 = 0; at < bytes; at += 16) {
    let v = v128.load(from + at);
    v = f32x4.add(v128.shuffle<f32>(v, v, 0, 0, 2, 2), v128.xor(v128.shuffle<f32>(v, v, 1, 1, 3, 3), signs1));
    v = f32x4.add(v128.shuffle<f32>(v, v, 0, 1, 0, 1), v128.xor(v128.shuffle<f32>(v, v, 2, 3, 2, 3), signs2));
    v128.store(to + at, v);
  }
  const end = to + bytes;
  for (let half: u32 = 16; half < blockBytes; half <<= 1) {
    for (let pair = to; pair < end; pair += half) {
      for (const next = pair + half; pair < next; pair += 16) {
        const a = v128.load(pair);
        const b = v128.load(pair + half);
        v128.store(pair, f32x4.add(a, b));
        v128.store(pair + half, f32x4.sub(a, b));
      }
    }
  }
}

/** By what products of transformed vectors [count] are larger. */
export function hadamardGain(count: u32): f32 {
  return <f32>(<i32>(count & -count));
}
