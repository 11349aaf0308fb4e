/** Levels −8 … 7 as MatMulNBits packs them: two a byte, the even one in the low nibble, 8 standing for 0. */
export function packLevels4(levels: Int8Array, nibbles: Uint8Array): void {
  for (let i = 0; i < levels.length; i += 2) nibbles[i >> 1] = (levels[i]! + 8) | ((levels[i + 1]! + 8) << 4);
}

/** Levels −128 … 127 as MatMulNBits stores them: 128 stands for 0. */
export function packLevels8(levels: Int8Array, bytes: Uint8Array): void {
  for (let i = 0; i < levels.length; i++) bytes[i] = levels[i]! + 128;
}
