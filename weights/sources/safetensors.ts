import { z } from "zod";
import { WeightsError } from "../errors.ts";
import { halfValue } from "../quantise/half.ts";
import type { ByteSource } from "./byte-source.ts";
import { FileReader } from "./file-reader.ts";

/*
 * The safetensors format: 8 bytes with the length of the header, the header (JSON: name → dtype, shape, offsets), the
 * data. Rules and the limit of the header as in the format's own documentation (huggingface/safetensors, "Format").
 */

export const MAX_HEADER_BYTES = 100_000_000;
const MAX_TENSORS = 100_000;
const MAX_RANK = 8;
const MAX_ELEMENTS = 2 ** 40;
const PREFIX_BYTES = 8;
/** Bytes read from the file at once while converting to float32. */
const CHUNK_BYTES = 1 << 20;

const BYTES_PER_ELEMENT = { F32: 4, F16: 2, BF16: 2 } as const;
export type FloatType = keyof typeof BYTES_PER_ELEMENT;

const entrySchema = z.strictObject({
  dtype: z.string().max(32),
  shape: z.array(z.int().min(0).max(MAX_ELEMENTS)).max(MAX_RANK),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});

/** One tensor of a file: row-major, its first dimension counts rows (a vector is one row). */
export interface TensorEntry {
  readonly name: string;
  readonly type: FloatType;
  readonly shape: readonly number[];
  readonly rows: number;
  readonly columns: number;
  /** Byte offset in the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** An open `.safetensors` file; tensors are read by rows and become float32. */
export class SafetensorsFile {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly #source: ByteSource;

  private constructor(source: ByteSource, tensors: Map<string, TensorEntry>) {
    this.#source = source;
    this.tensors = tensors;
  }

  /** Opens a file and checks its header; throws a WeightsError that names the file and the tensor. */
  static async open(path: string): Promise<SafetensorsFile> {
    return SafetensorsFile.over(await FileReader.open(path));
  }

  /** The same over a source, which it closes. */
  static async over(source: ByteSource): Promise<SafetensorsFile> {
    try {
      return new SafetensorsFile(source, await readHeader(source));
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  get path(): string {
    return this.#source.path;
  }

  /** Reads rows firstRow … of a tensor of this file, as many as `into` [rows, columns] holds. */
  async readRows(tensor: TensorEntry, firstRow: number, into: Float32Array<ArrayBuffer>): Promise<void> {
    const start = tensor.offset + firstRow * tensor.columns * BYTES_PER_ELEMENT[tensor.type];
    if (tensor.type === "F32") {
      await this.#source.read(new Uint8Array(into.buffer, into.byteOffset, into.byteLength), start);
      return;
    }
    const widen = tensor.type === "BF16" ? widenBfloat16 : widenHalf;
    const elements = Math.min(into.length, CHUNK_BYTES / 2);
    const chunk = new Uint16Array(elements);
    for (let done = 0; done < into.length; done += elements) {
      const part = chunk.subarray(0, Math.min(elements, into.length - done));
      await this.#source.read(new Uint8Array(chunk.buffer, 0, part.byteLength), start + 2 * done);
      widen(part, into.subarray(done));
    }
  }

  async close(): Promise<void> {
    await this.#source.close();
  }
}

async function readHeader(source: ByteSource): Promise<Map<string, TensorEntry>> {
  const { path, bytes } = source;
  const refuse = (what: string, options?: ErrorOptions) => new WeightsError(`${path}: ${what}`, options);
  if (bytes < PREFIX_BYTES) throw refuse(`${bytes} bytes are too few for a safetensors file`);
  const prefix = new Uint8Array(PREFIX_BYTES);
  await source.read(prefix, 0);
  const headerBytes = new DataView(prefix.buffer).getBigUint64(0, true);
  if (headerBytes > BigInt(MAX_HEADER_BYTES))
    throw refuse(
      `the header claims ${headerBytes} bytes, at most ${MAX_HEADER_BYTES} are allowed; not a safetensors file?`,
    );
  const dataStart = PREFIX_BYTES + Number(headerBytes);
  if (dataStart > bytes)
    throw refuse(`the header claims ${headerBytes} bytes, the file has ${bytes - PREFIX_BYTES}; copy the file again`);
  const text = new Uint8Array(Number(headerBytes));
  await source.read(text, PREFIX_BYTES);

  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
  } catch (cause) {
    throw refuse("the header is not JSON", { cause });
  }
  const parsed = z.record(z.string(), z.unknown()).safeParse(json);
  if (!parsed.success) throw refuse("the header is not a JSON object");
  const entries = Object.entries(parsed.data).filter(([name]) => name !== "__metadata__");
  if (entries.length > MAX_TENSORS) throw refuse(`${entries.length} tensors, at most ${MAX_TENSORS} are allowed`);
  const tensors = entries.map(([name, entry]) => {
    try {
      return checkEntry(name, entry, dataStart);
    } catch (cause) {
      throw refuse((cause as Error).message, { cause });
    }
  });
  checkCoverage(tensors, dataStart, bytes, refuse);
  return new Map(tensors.map((tensor) => [tensor.name, tensor]));
}

function checkEntry(name: string, json: unknown, dataStart: number): TensorEntry {
  const parsed = entrySchema.safeParse(json);
  if (!parsed.success) throw new WeightsError(`tensor ${name}: ${z.prettifyError(parsed.error)}`);
  const { dtype, shape, data_offsets } = parsed.data;
  if (!Object.hasOwn(BYTES_PER_ELEMENT, dtype))
    throw new WeightsError(
      `tensor ${name} has dtype ${dtype}, expected one of ${Object.keys(BYTES_PER_ELEMENT).join(", ")}`,
    );
  const type = dtype as FloatType;
  const [begin, end] = data_offsets;
  const elements = shape.reduce((product, size) => product * size, 1);
  if (elements > MAX_ELEMENTS)
    throw new WeightsError(`tensor ${name} has ${elements} elements, at most ${MAX_ELEMENTS} are allowed`);
  const bytes = elements * BYTES_PER_ELEMENT[type];
  if (end - begin !== bytes)
    throw new WeightsError(
      `tensor ${name}: ${dtype} [${shape}] takes ${bytes} bytes, its offsets ${begin} to ${end} hold ${end - begin}`,
    );
  const rows = shape.length > 1 ? shape[0]! : 1;
  return { name, type, shape, rows, columns: rows === 0 ? 0 : elements / rows, offset: dataStart + begin, bytes };
}

/** Tensors fill the data part of the file without gaps and without overlaps. */
function checkCoverage(tensors: TensorEntry[], dataStart: number, fileBytes: number, refuse: (what: string) => Error) {
  let end = dataStart;
  let previous = "the header";
  for (const { name, offset, bytes } of tensors.toSorted((a, b) => a.offset - b.offset || a.bytes - b.bytes)) {
    if (offset < end) throw refuse(`tensor ${name} overlaps ${previous}: it begins at byte ${offset}, expected ${end}`);
    if (offset > end) throw refuse(`${offset - end} bytes between ${previous} and tensor ${name} belong to no tensor`);
    end = offset + bytes;
    previous = `tensor ${name}`;
    if (end > fileBytes)
      throw refuse(`tensor ${name} ends at byte ${end}, the file at ${fileBytes}; copy the file again`);
  }
  if (end !== fileBytes) throw refuse(`${fileBytes - end} bytes after ${previous} belong to no tensor`);
}

/** bfloat16 is the upper half of a float32. */
function widenBfloat16(from: Uint16Array, into: Float32Array): void {
  const bits = new Uint32Array(into.buffer, into.byteOffset, from.length);
  for (let i = 0; i < from.length; i++) bits[i] = from[i]! << 16;
}

function widenHalf(from: Uint16Array, into: Float32Array): void {
  for (let i = 0; i < from.length; i++) into[i] = halfValue(from[i]!);
}
