/** Sums of xᵢ² over rows of activations x: what an error in column i costs when columns are taken one by one. */
export class Squares {
  readonly sums: Float64Array;
  #rows = 0;

  constructor(columns: number) {
    this.sums = new Float64Array(columns);
  }

  get columns(): number {
    return this.sums.length;
  }

  /** Rows added so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Adds rows [count, columns]. */
  add(rows: Float32Array): void {
    const { sums } = this;
    for (let at = 0; at < rows.length; )
      for (let column = 0; column < sums.length; column++, at++) sums[column] = sums[column]! + rows[at]! * rows[at]!;
    this.#rows += rows.length / sums.length;
  }
}
