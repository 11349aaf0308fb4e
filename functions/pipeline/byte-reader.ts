import { InferenceError } from "../../runtime/errors.ts";

/** Reads what ByteWriter wrote; every read past the end or over its limit is an InferenceError. */
export class ByteReader {
  readonly #view: DataView<ArrayBuffer>;
  #offset = 0;

  constructor(buffer: ArrayBuffer) {
    this.#view = new DataView(buffer);
  }

  get remainingBytes(): number {
    return this.#view.byteLength - this.#offset;
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** A u32 that may be at most `limit`; `what` names it in the error. */
  upTo(limit: number, what: string): number {
    const value = this.u32();
    if (value > limit) throw malformed(`${what} is ${value}, at most ${limit} is allowed`);
    return value;
  }

  flag(what: string): boolean {
    return this.upTo(1, what) === 1;
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** A view, not a copy; skips the padding to a multiple of 4. */
  bytes(count: number): Uint8Array<ArrayBuffer> {
    const offset = this.#take(Math.ceil(count / 4) * 4);
    return new Uint8Array(this.#view.buffer, offset, count);
  }

  /** A view, not a copy. */
  uint32s(count: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.#view.buffer, this.#take(4 * count), count);
  }

  /** A view, not a copy. */
  float32s(count: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#view.buffer, this.#take(4 * count), count);
  }

  expectEnd(): void {
    if (this.remainingBytes !== 0) throw malformed(`${this.remainingBytes} bytes follow its end`);
  }

  #take(bytes: number): number {
    if (bytes > this.remainingBytes) {
      throw malformed(`byte ${this.#offset}: ${bytes} bytes expected, ${this.remainingBytes} left`);
    }
    const offset = this.#offset;
    this.#offset += bytes;
    return offset;
  }
}

/** The error of a frame whose bytes make no sense: a bug of ours, or a peer that is none of ours. */
export function malformed(why: string): InferenceError {
  return new InferenceError("internal", `a frame is malformed: ${why}`);
}
