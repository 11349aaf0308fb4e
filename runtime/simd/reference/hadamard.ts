/** The block length: the largest power of two that divides the count. By it products of transformed vectors are larger. */
export const hadamardGain = (count: number): number => count & -count;

/** The unnormalised Hadamard transform in float32, in place, block by block. */
export function hadamard(values: Float32Array): Float32Array {
  const block = hadamardGain(values.length);
  for (let half = 1; half < block; half *= 2) {
    for (let i = 0; i < values.length; i++) {
      if ((i & half) !== 0) continue;
      const [a, b] = [values[i]!, values[i + half]!];
      values[i] = a + b;
      values[i + half] = a - b;
    }
  }
  return values;
}
