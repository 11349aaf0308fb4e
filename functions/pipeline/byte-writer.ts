/** Writes little-endian fields, all of them multiples of 4 bytes long, into one growing buffer. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  constructor(expectedBytes: number) {
    this.#bytes = new Uint8Array(expectedBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  flag(value: boolean): void {
    this.u32(value ? 1 : 0);
  }

  u64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigUint64(this.#length, value, true);
    this.#length += 8;
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** Copies `bytes` and pads with zeros to a multiple of 4. */
  bytes(bytes: Uint8Array): void {
    const padded = Math.ceil(bytes.length / 4) * 4;
    this.#reserve(padded);
    this.#bytes.set(bytes, this.#length);
    this.#length += padded;
  }

  /** Copies the elements of a 4-byte typed array, not the buffer behind it. */
  words(words: Uint32Array | Float32Array): void {
    this.bytes(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
  }

  /** What was written so far, without a copy: the writer is finished with. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
