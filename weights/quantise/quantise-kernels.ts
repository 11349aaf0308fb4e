/** Kernels over one WASM memory; every argument that names data is a byte offset, a multiple of 16. */
interface Kernels {
  /**
   * sums float64 [n, n] += XᵀX for columns first … first + n − 1 of x float32 [rows, columns]; only entries on and below
   * the diagonal are meant. n is a multiple of 8. Sums over the rows of a call are float32.
   */
  gram(x: number, rows: number, columns: number, first: number, n: number, sums: number): void;
  /** targets [rows, 32] = deltas [rows, the first `places` of n] · panel [places, 32], float32; rows in fours. */
  compensate(deltas: number, n: number, places: number, rows: number, panel: number, targets: number): void;
  /**
   * Rounds rows of 32 weights to 4 bits, column after column, by the scale (tried around the best fit) that errs least, an error
   * counting by weights [32].
   *
   * own: the weights [rows, 32]; targets [rows, 32]: what earlier columns add to them, which is changed; within [j, i]:
   * what column j's rounding adds to column i, zero unless j < i; deltas: own − rounded, a row every deltaStride float32;
   * scales fp16 [rows]; levels int8 [rows, 32]; scratch: 256 bytes.
   */
  roundBlock4(
    own: number,
    targets: number,
    rows: number,
    weights: number,
    within: number,
    deltas: number,
    deltaStride: number,
    scales: number,
    levels: number,
    scratch: number,
  ): void;
  /** The same to 8 bits, by the scales that are there. */
  roundBlock8: Kernels["roundBlock4"];
  /** Rounds values float32 [rows, columns] by searched scales fp16; levels int8, an error counts by importance [columns]. */
  searchRows(values: number, rows: number, columns: number, importance: number, scales: number, levels: number): void;
}

const PAGE_BYTES = 65_536;

/** The kernels over a memory of its own, in which data is placed one after the other and given up as a whole. */
export class QuantiseKernels {
  readonly run: Kernels;
  readonly #memory: WebAssembly.Memory;
  #usedBytes = 0;

  constructor(module: WebAssembly.Module) {
    this.#memory = new WebAssembly.Memory({ initial: 1 });
    this.run = new WebAssembly.Instance(module, { env: { memory: this.#memory } }).exports as unknown as Kernels;
  }

  /** Room for so many bytes, zeros at first. */
  reserve(bytes: number): number {
    const offset = this.#usedBytes;
    this.#usedBytes += Math.ceil(bytes / 16) * 16;
    const missing = this.#usedBytes - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE_BYTES));
    return offset;
  }

  /** Views are good until the next `reserve`. */
  floats(offset: number, count: number): Float32Array {
    return new Float32Array(this.#memory.buffer, offset, count);
  }

  doubles(offset: number, count: number): Float64Array {
    return new Float64Array(this.#memory.buffer, offset, count);
  }

  halves(offset: number, count: number): Uint16Array {
    return new Uint16Array(this.#memory.buffer, offset, count);
  }

  bytes(offset: number, count: number): Int8Array {
    return new Int8Array(this.#memory.buffer, offset, count);
  }
}
