import { WeightsError } from "../errors.ts";

/**
 * R upper triangular with H = R Rᵀ for a positive definite H [n, n]: Cholesky's factor with rows and columns taken from
 * the last to the first. Reads H on and below its diagonal; n³ / 6 multiplications.
 *
 * @throws WeightsError when H is not positive definite
 */
export function triangularFactor(h: Float64Array, n: number): Float64Array {
  const r = new Float64Array(n * n);
  for (let i = n - 1; i >= 0; i--) {
    const own = i * n;
    let square = h[own + i]!;
    for (let k = i + 1; k < n; k++) square -= r[own + k]! * r[own + k]!;
    if (!(square > 0))
      throw new WeightsError(`the second moments of activations are not positive definite at column ${i} of ${n}`);
    const diagonal = Math.sqrt(square);
    r[own + i] = diagonal;
    const inverse = 1 / diagonal;
    let j = 0;
    for (; j + 4 <= i; j += 4) {
      const [r0, r1, r2, r3] = [j * n, (j + 1) * n, (j + 2) * n, (j + 3) * n];
      let s0 = h[own + j]!;
      let s1 = h[own + j + 1]!;
      let s2 = h[own + j + 2]!;
      let s3 = h[own + j + 3]!;
      for (let k = i + 1; k < n; k++) {
        const factor = r[own + k]!;
        s0 -= factor * r[r0 + k]!;
        s1 -= factor * r[r1 + k]!;
        s2 -= factor * r[r2 + k]!;
        s3 -= factor * r[r3 + k]!;
      }
      r[r0 + i] = s0 * inverse;
      r[r1 + i] = s1 * inverse;
      r[r2 + i] = s2 * inverse;
      r[r3 + i] = s3 * inverse;
    }
    for (; j < i; j++) {
      let sum = h[own + j]!;
      for (let k = i + 1; k < n; k++) sum -= r[own + k]! * r[j * n + k]!;
      r[j * n + i] = sum * inverse;
    }
  }
  return r;
}
