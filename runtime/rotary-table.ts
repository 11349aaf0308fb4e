import { exp, log, MAX_ANGLE, sinesAndCosines } from "./elementary.ts";
import { InferenceError } from "./errors.ts";

/**
 * Rotary position embedding (Su et al. 2021): cos and sin of position · θ^(−2i/d). Frequencies and angles are rounded
 * to float32 as the reference implementation does; cos and sin of the rounded angle are then exact to the last bit or so.
 */
export class RotaryTable {
  /** Values a position has in each table: headDim / 2. */
  readonly width: number;
  readonly #inverseFrequencies: Float32Array;
  /** Of one position. */
  readonly #angles: Float64Array;

  /** `factor` stretches the positions: the frequencies are divided by it ("linear" scaling). */
  constructor(theta: number, headDim: number, factor = 1) {
    this.width = headDim / 2;
    const logTheta = log(theta);
    this.#inverseFrequencies = Float32Array.from(
      { length: this.width },
      (_, i) => Math.fround(1 / Math.fround(exp(logTheta * Math.fround((2 * i) / headDim)))) / factor,
    );
    this.#angles = new Float64Array(this.width);
  }

  /** Writes `positions` rows of [width] cosines and sines, from `firstPosition` on, to row `firstRow` … of the tables. */
  fill(firstPosition: number, positions: number, cosines: Float32Array, sines: Float32Array, firstRow = 0): void {
    if (firstPosition + positions > MAX_ANGLE)
      throw new InferenceError(
        "unsupported",
        `positions from ${MAX_ANGLE} on are not supported, asked for ${firstPosition + positions - 1}`,
      );
    for (let row = 0; row < positions; row++) {
      for (let i = 0; i < this.width; i++)
        this.#angles[i] = Math.fround((firstPosition + row) * this.#inverseFrequencies[i]!);
      sinesAndCosines(this.#angles, sines, cosines, (firstRow + row) * this.width);
    }
  }
}
