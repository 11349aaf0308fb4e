/** What a first token's rows add to the sums, as a part of what all others add. */
const SHARE = 0.2;

/** Sums over rows of activations that a matrix multiplies. */
export interface RowSums {
  readonly columns: number;
  readonly rows: number;
  add(rows: Float32Array): void;
}

/**
 * Keeps the rows of sequences' first tokens apart and adds them larger at the end. Every sequence begins with <bos>,
 * which all later tokens attend to more than to any other; yet it is one row among hundreds, and a small one after its
 * norm, so that rounding would hardly heed it. Being one direction, it costs the others next to nothing.
 */
export class FirstRows {
  readonly #sums: RowSums;
  readonly #starts: ReadonlySet<number>;
  readonly #first: Float32Array[] = [];
  #seenRows = 0;
  #othersSquare = 0;

  /** `sequenceTokens`: the rows of each sequence in turn. */
  constructor(sums: RowSums, sequenceTokens: readonly number[]) {
    this.#sums = sums;
    const starts = new Set<number>();
    let start = 0;
    for (const tokens of sequenceTokens) {
      starts.add(start);
      start += tokens;
    }
    this.#starts = starts;
  }

  /** Rows seen so far. */
  get seenRows(): number {
    return this.#seenRows;
  }

  /** Takes the next rows [count, columns]; a sequence begins at their first row or not among them. */
  add(rows: Float32Array): void {
    const { columns } = this.#sums;
    let others = rows;
    if (this.#starts.has(this.#seenRows)) {
      this.#first.push(rows.slice(0, columns));
      others = rows.subarray(columns);
    }
    for (const value of others) this.#othersSquare += value * value;
    if (others.length > 0) this.#sums.add(others);
    this.#seenRows += rows.length / columns;
  }

  /** Adds the first tokens' rows, all by one factor. */
  finish(): void {
    let square = 0;
    for (const row of this.#first) for (const value of row) square += value * value;
    const factor = square === 0 ? 1 : Math.max(1, Math.sqrt((SHARE * this.#othersSquare) / square));
    for (const row of this.#first) this.#sums.add(row.map((value) => value * factor));
  }
}
