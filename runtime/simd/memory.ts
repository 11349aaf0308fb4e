import { InferenceError } from "../errors.ts";

const ALIGN_BYTES = 64;
const WASM_PAGE_BYTES = 65_536;
const MAX_MEMORY_BYTES = 4 * 1024 * 1024 * 1024 - WASM_PAGE_BYTES;
/** The first bytes stay free for the static data of the kernels' module, and so that no offset is 0. */
const RESERVED_BYTES = 1024;

/** What a stretch of the memory is for. */
export type Purpose = "weights" | "tables" | "kv" | "scratch";

/**
 * Lays out one WASM memory before it exists, so that it is created at its final size and never grows. Weights come
 * first; what is only needed while loading shares its place with what is only needed afterwards.
 */
export class MemoryPlan {
  readonly #bytes: Record<Purpose, number> = { weights: 0, tables: 0, kv: 0, scratch: 0 };
  #end = RESERVED_BYTES;
  #stagingBytes = 0;

  /** Bytes by purpose; staging is not counted, it lies where KV and scratch will be. */
  get bytesByPurpose(): Readonly<Record<Purpose, number>> {
    return this.#bytes;
  }

  get totalBytes(): number {
    return this.#end;
  }

  /** The offset of `bytes` bytes, on a cache line. */
  reserve(purpose: Purpose, bytes: number): number {
    const offset = Math.ceil(this.#end / ALIGN_BYTES) * ALIGN_BYTES;
    this.#end = offset + bytes;
    this.#bytes[purpose] += bytes;
    return offset;
  }

  /** Begins the part that is overwritten while loading: at least `bytes` bytes from the returned offset. */
  beginStaging(bytes: number): number {
    const offset = Math.ceil(this.#end / ALIGN_BYTES) * ALIGN_BYTES;
    this.#stagingBytes = offset + bytes;
    return offset;
  }

  /** Creates the memory; InferenceError out_of_capacity when the machine cannot give it. */
  create(): WebAssembly.Memory {
    const bytes = Math.max(this.#end, this.#stagingBytes);
    const pages = Math.ceil(bytes / WASM_PAGE_BYTES);
    const parts = Object.entries(this.#bytes).map(([purpose, count]) => `${purpose} ${count}`);
    const what = `${bytes} bytes of WASM memory (${parts.join(", ")})`;
    if (bytes > MAX_MEMORY_BYTES)
      throw new InferenceError(
        "out_of_capacity",
        `${what} are more than a WASM memory holds: use fewer layers or tokens`,
      );
    try {
      return new WebAssembly.Memory({ initial: pages, maximum: pages });
    } catch (cause) {
      throw new InferenceError("out_of_capacity", `the machine gives no ${what}`, { cause });
    }
  }
}
