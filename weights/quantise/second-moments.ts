import { QuantiseKernels } from "./quantise-kernels.ts";

/** Rows summed in float32 before they are added in float64. */
const CHUNK_ROWS = 64;

/** One block of columns. */
export interface MomentBlock {
  readonly firstColumn: number;
  readonly columns: number;
}

/**
 * Sums of xᵢ · xⱼ over rows of activations x: H = XᵀX, the Hessian of ‖X (W − Q)ᵀ‖² up to a factor of two. Kept for
 * pairs of columns of the same block only, so that wide matrices stay affordable.
 */
export class SecondMoments {
  readonly columns: number;
  readonly blocks: readonly MomentBlock[];
  readonly #kernels: QuantiseKernels;
  readonly #chunk: number;
  readonly #sums: readonly number[];
  #rows = 0;

  /** `columns` and `blockColumns` are multiples of 32; the last block may be narrower. */
  constructor(module: WebAssembly.Module, columns: number, blockColumns: number) {
    this.columns = columns;
    this.blocks = Array.from({ length: Math.ceil(columns / blockColumns) }, (_, index) => {
      const firstColumn = index * blockColumns;
      return { firstColumn, columns: Math.min(blockColumns, columns - firstColumn) };
    });
    this.#kernels = new QuantiseKernels(module);
    this.#chunk = this.#kernels.reserve(CHUNK_ROWS * columns * 4);
    this.#sums = this.blocks.map((block) => this.#kernels.reserve(block.columns * block.columns * 8));
  }

  /** Rows added so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Adds rows [count, columns]. */
  add(rows: Float32Array): void {
    const { columns } = this;
    const count = rows.length / columns;
    for (let first = 0; first < count; first += CHUNK_ROWS) {
      const taken = Math.min(CHUNK_ROWS, count - first);
      const values = rows.subarray(first * columns, (first + taken) * columns);
      this.#kernels.floats(this.#chunk, values.length).set(values);
      for (const [index, block] of this.blocks.entries())
        this.#kernels.run.gram(this.#chunk, taken, columns, block.firstColumn, block.columns, this.#sums[index]!);
    }
    this.#rows += count;
  }

  /** The sums of a block [n, n]; only entries with column ≤ row are meant. */
  sums(block: number): Float64Array {
    const { columns } = this.blocks[block]!;
    return this.#kernels.doubles(this.#sums[block]!, columns * columns);
  }
}
