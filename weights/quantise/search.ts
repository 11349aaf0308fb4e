import { packLevels4 } from "./levels.ts";
import { QuantiseKernels } from "./quantise-kernels.ts";
import { QUANTISATION_BLOCK } from "./round.ts";
import type { Squares } from "./squares.ts";

/** Rows searched at once. */
const ROW_CHUNK = 64;
/** A column that calibration never moved still counts as this part of the mean. */
const LEAST_IMPORTANCE = 1e-3;

/**
 * Rounding to 4 bits by scales chosen for their error: a weight's counts as much as its column's mean square activation
 * says, as llama.cpp weights its blocks by an importance matrix.
 */
export class SearchedRounding {
  readonly #kernels: QuantiseKernels;
  readonly #columns: number;
  readonly #importance: number;
  readonly #values: number;
  readonly #scales: number;
  readonly #levels: number;

  constructor(module: WebAssembly.Module, { sums }: Squares) {
    const kernels = new QuantiseKernels(module);
    const columns = sums.length;
    this.#kernels = kernels;
    this.#columns = columns;
    this.#importance = kernels.reserve(columns * 4);
    this.#values = kernels.reserve(ROW_CHUNK * columns * 4);
    this.#scales = kernels.reserve((ROW_CHUNK * columns * 2) / QUANTISATION_BLOCK);
    this.#levels = kernels.reserve(ROW_CHUNK * columns);
    const mean = sums.reduce((total, sum) => total + sum, 0) / columns;
    kernels.floats(this.#importance, columns).set(sums.map((sum) => (mean === 0 ? 1 : sum / mean + LEAST_IMPORTANCE)));
  }

  /**
   * Rounds rows of finite values [count, columns].
   *
   * @param scales one fp16 bit pattern a block of 32
   * @param nibbles two columns a byte, the even one in the low nibble
   */
  quantise4(values: Float32Array, scales: Uint16Array, nibbles: Uint8Array): void {
    const chunkValues = ROW_CHUNK * this.#columns;
    for (let from = 0; from < values.length; from += chunkValues) {
      const chunk = values.subarray(from, from + chunkValues);
      const blocks = chunk.length / QUANTISATION_BLOCK;
      this.#kernels.floats(this.#values, chunk.length).set(chunk);
      const rows = chunk.length / this.#columns;
      this.#kernels.run.searchRows(this.#values, rows, this.#columns, this.#importance, this.#scales, this.#levels);
      scales.set(this.#kernels.halves(this.#scales, blocks), from / QUANTISATION_BLOCK);
      packLevels4(this.#kernels.bytes(this.#levels, chunk.length), nibbles.subarray(from / 2));
    }
  }
}
