/** Deterministic numbers between −1 and 1, roughly normal. */
export function numbers(seed: number): () => number {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  return () => next() + next() + next() + next();
}

/** Rows [count, columns] whose columns go together, a few of them with ten times the size, like a model's activations. */
export function correlatedRows(count: number, columns: number, seed = 1): Float32Array {
  const next = numbers(seed);
  const factors = 12;
  const mix = Float32Array.from({ length: factors * columns }, next);
  const rows = new Float32Array(count * columns);
  for (let row = 0; row < count; row++) {
    const common = Float32Array.from({ length: factors }, next);
    for (let column = 0; column < columns; column++) {
      let sum = 0.3 * next();
      for (let factor = 0; factor < factors; factor++) sum += common[factor]! * mix[factor * columns + column]!;
      rows[row * columns + column] = column % 37 === 5 ? 10 * sum : sum;
    }
  }
  return rows;
}
