/** Float32 views of the first rows of a buffer, made once for each number of rows. */
export class RowViews {
  readonly columns: number;
  readonly #memory: WebAssembly.Memory;
  readonly #offset: number;
  readonly #views: Float32Array[] = [];

  constructor(memory: WebAssembly.Memory, offset: number, columns: number) {
    this.#memory = memory;
    this.#offset = offset;
    this.columns = columns;
  }

  rows(count: number): Float32Array {
    this.#views[count] ??= new Float32Array(this.#memory.buffer, this.#offset, count * this.columns);
    return this.#views[count];
  }
}
