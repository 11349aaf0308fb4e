import { WeightsError } from "../errors.ts";
import type { ByteSource } from "./byte-source.ts";

const MAX_WINDOW_BYTES = 1 << 20;

/** Reads little-endian fields one after the other, through a window of at most 1 MiB. */
export class ByteCursor {
  readonly #source: ByteSource;
  readonly #window: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  /** Place in the file of the window's first byte. */
  #start = 0;
  #filled = 0;
  #at = 0;

  constructor(source: ByteSource) {
    this.#source = source;
    this.#window = new Uint8Array(Math.min(MAX_WINDOW_BYTES, source.bytes));
    this.#view = new DataView(this.#window.buffer);
  }

  /** Byte of the file the next field begins at. */
  get position(): number {
    return this.#start + this.#at;
  }

  get remainingBytes(): number {
    return this.#source.bytes - this.position;
  }

  async u8(what: string): Promise<number> {
    return this.#view.getUint8(await this.#take(1, what));
  }

  async u32(what: string): Promise<number> {
    return this.#view.getUint32(await this.#take(4, what), true);
  }

  async u64(what: string): Promise<bigint> {
    return this.#view.getBigUint64(await this.#take(8, what), true);
  }

  /** A view of the next `bytes` ≤ 16, valid until the next call. */
  async field(bytes: number, what: string): Promise<DataView> {
    return new DataView(this.#window.buffer, await this.#take(bytes, what), bytes);
  }

  /** A copy of the next bytes; WeightsError, before anything is allocated, when the file has fewer. */
  async bytes(count: number, what: string): Promise<Uint8Array<ArrayBuffer>> {
    this.expectBytes(count, what);
    const copy = new Uint8Array(count);
    const buffered = Math.min(count, this.#filled - this.#at);
    copy.set(this.#window.subarray(this.#at, this.#at + buffered));
    if (buffered < count) await this.#source.read(copy.subarray(buffered), this.position + buffered);
    this.#seek(this.position + count);
    return copy;
  }

  /** WeightsError when fewer than this many bytes are left. */
  expectBytes(count: number, what: string): void {
    if (count > this.remainingBytes)
      throw new WeightsError(
        `${this.#source.path}: ${what} takes ${count} bytes from byte ${this.position} on, the file ends at ${this.#source.bytes}`,
      );
  }

  /** Place in the window of the next `bytes`, which must fit it; moves behind them. */
  async #take(bytes: number, what: string): Promise<number> {
    if (this.#at + bytes > this.#filled) {
      this.expectBytes(bytes, what);
      this.#start = this.position;
      this.#at = 0;
      this.#filled = Math.min(this.#window.length, this.#source.bytes - this.#start);
      await this.#source.read(this.#window.subarray(0, this.#filled), this.#start);
    }
    const at = this.#at;
    this.#at += bytes;
    return at;
  }

  #seek(position: number): void {
    if (position <= this.#start + this.#filled) {
      this.#at = position - this.#start;
      return;
    }
    this.#start = position;
    this.#filled = 0;
    this.#at = 0;
  }
}
