/** Value types of GGUF version 3 (ggml's docs/gguf.md). */
const TYPE = { uint32: 4, int32: 5, float32: 6, string: 8, array: 9 } as const;

/** The key–value section of a GGUF file, built up entry by entry. */
export class GgufMetadata {
  readonly #parts: Buffer[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  uint32(key: string, value: number): void {
    this.#entry(key, TYPE.uint32, Buffer.from(Uint32Array.of(value).buffer));
  }

  float32(key: string, value: number): void {
    this.#entry(key, TYPE.float32, Buffer.from(Float32Array.of(value).buffer));
  }

  string(key: string, value: string): void {
    this.#entry(key, TYPE.string, ggufString(value));
  }

  strings(key: string, values: readonly string[]): void {
    this.#array(key, TYPE.string, values.length, Buffer.concat(values.map(ggufString)));
  }

  float32s(key: string, values: Float32Array<ArrayBuffer>): void {
    this.#array(key, TYPE.float32, values.length, Buffer.from(values.buffer));
  }

  int32s(key: string, values: Int32Array<ArrayBuffer>): void {
    this.#array(key, TYPE.int32, values.length, Buffer.from(values.buffer));
  }

  #array(key: string, elementType: number, length: number, elements: Buffer): void {
    const head = Buffer.alloc(12);
    head.writeUInt32LE(elementType, 0);
    head.writeBigUInt64LE(BigInt(length), 4);
    this.#entry(key, TYPE.array, Buffer.concat([head, elements]));
  }

  #entry(key: string, type: number, value: Buffer): void {
    this.#parts.push(ggufString(key), Buffer.from(Uint32Array.of(type).buffer), value);
    this.#count++;
  }
}

/** A string as GGUF stores it: its length in bytes, 64 bits, then UTF-8. */
export function ggufString(text: string): Buffer {
  const utf8 = Buffer.from(text);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(utf8.length));
  return Buffer.concat([length, utf8]);
}
