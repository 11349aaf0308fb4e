import { uniform } from "../../runtime/simd/kernels/random-data.ts";

const PAGE_BYTES = 65_536;

/** One WASM memory for a benchmark, handed out from the bottom. */
export class BenchMemory {
  readonly memory: WebAssembly.Memory;
  #next = 64;

  constructor(megabytes: number) {
    const pages = Math.ceil((megabytes * 1024 * 1024) / PAGE_BYTES);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  }

  take(bytes: number): number {
    const offset = this.#next;
    this.#next = Math.ceil((offset + bytes) / 64) * 64;
    if (this.#next > this.memory.buffer.byteLength) throw new Error(`the bench memory is too small for ${bytes} more`);
    return offset;
  }

  /** Random bytes below `below` (at most 256). */
  randomBytes(bytes: number, seed: number, below = 256): number {
    const offset = this.take(bytes);
    const next = uniform(seed);
    const view = new Uint8Array(this.memory.buffer, offset, bytes);
    for (let i = 0; i < bytes; i++) view[i] = next() * below;
    return offset;
  }

  /** Random float32 in (−1, 1). */
  randomFloats(count: number, seed: number): number {
    const offset = this.take(count * 4);
    const next = uniform(seed);
    const view = this.floats(offset, count);
    for (let i = 0; i < count; i++) view[i] = next() * 2 - 1;
    return offset;
  }

  /** float16 bits of numbers near `around`, positive. */
  randomHalves(count: number, seed: number, around: number): number {
    const offset = this.take(count * 2);
    const next = uniform(seed);
    const exponent = Math.floor(Math.log2(around)) + 15;
    const view = new Uint16Array(this.memory.buffer, offset, count);
    for (let i = 0; i < count; i++) view[i] = (exponent << 10) | (next() * 1024);
    return offset;
  }

  floats(offset: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, offset, count);
  }

  /** Another place with the same bytes. */
  copy(offset: number, bytes: number): number {
    const target = this.take(bytes);
    new Uint8Array(this.memory.buffer).copyWithin(target, offset, offset + bytes);
    return target;
  }
}
