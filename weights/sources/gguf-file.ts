import type { ByteSource } from "./byte-source.ts";
import { FileReader } from "./file-reader.ts";
import type { GgufFields } from "./gguf-fields.ts";
import { type GgufTensor, readGgufHeader } from "./gguf-header.ts";

/** Bytes read from the file at once while dequantising. */
const CHUNK_BYTES = 1 << 20;

/** An open GGUF file, version 3; tensors are read by rows, as float32 or as stored. */
export class GgufFile {
  readonly fields: GgufFields;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  readonly #source: ByteSource;

  private constructor(source: ByteSource, fields: GgufFields, tensors: ReadonlyMap<string, GgufTensor>) {
    this.#source = source;
    this.fields = fields;
    this.tensors = tensors;
  }

  /** Opens a file and checks its header; throws a WeightsError that names the file and the field. */
  static async open(path: string): Promise<GgufFile> {
    return GgufFile.over(await FileReader.open(path));
  }

  /** The same over a source, which it closes. */
  static async over(source: ByteSource): Promise<GgufFile> {
    try {
      const { fields, tensors } = await readGgufHeader(source);
      return new GgufFile(source, fields, tensors);
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  get path(): string {
    return this.#source.path;
  }

  /** Reads rows firstRow … of a tensor of this file, as many as `into` [rows, columns] holds, as float32. */
  async readRows(tensor: GgufTensor, firstRow: number, into: Float32Array): Promise<void> {
    const { type } = tensor;
    const blocks = into.length / type.values;
    const chunkBlocks = Math.min(blocks, Math.floor(CHUNK_BYTES / type.bytes));
    const chunk = new Uint8Array(chunkBlocks * type.bytes);
    const start = rowOffset(tensor, firstRow);
    for (let done = 0; done < blocks; done += chunkBlocks) {
      const count = Math.min(chunkBlocks, blocks - done);
      const part = chunk.subarray(0, count * type.bytes);
      await this.#source.read(part, start + done * type.bytes);
      type.dequantise(part, into.subarray(done * type.values, (done + count) * type.values));
    }
  }

  /** Reads rows firstRow … as stored, as many as `into` holds. */
  async readBlocks(tensor: GgufTensor, firstRow: number, into: Uint8Array): Promise<void> {
    await this.#source.read(into, rowOffset(tensor, firstRow));
  }

  async close(): Promise<void> {
    await this.#source.close();
  }
}

function rowOffset({ offset, columns, type }: GgufTensor, row: number): number {
  return offset + row * (columns / type.values) * type.bytes;
}
