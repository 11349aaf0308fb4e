import type { Kernels } from "../../../../runtime/simd/kernels.ts";

const PAGE_BYTES = 65_536;
/** What no kernel should leave where it had to write, nor read as data. */
const POISON = 0xff;

/** One WASM memory with a kernel implementation over it; buffers are taken one after the other and never given back. */
export class Arena {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  #next = 64;

  constructor(megabytes: number, create: (memory: WebAssembly.Memory) => Kernels) {
    const pages = (megabytes * 1024 * 1024) / PAGE_BYTES;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    new Uint8Array(this.memory.buffer).fill(POISON);
    this.kernels = create(this.memory);
  }

  /** Byte offset of a buffer of `bytes`, a multiple of 16, full of poison (NaN as float32). */
  take(bytes: number): number {
    const offset = this.#next;
    this.#next = Math.ceil((offset + bytes) / 16) * 16;
    if (this.#next > this.memory.buffer.byteLength) throw new Error(`the arena is too small for ${bytes} bytes more`);
    return offset;
  }

  floats(values: Float32Array): number {
    const offset = this.take(values.byteLength);
    this.readFloats(offset, values.length).set(values);
    return offset;
  }

  bytes(values: Uint8Array): number {
    const offset = this.take(values.byteLength);
    this.readBytes(offset, values.length).set(values);
    return offset;
  }

  words(values: Uint32Array): number {
    return this.bytes(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }

  readFloats(offset: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, offset, count);
  }

  readWords(offset: number, count: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, offset, count);
  }

  readBytes(offset: number, count: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, offset, count);
  }
}
