import { WeightsError } from "../errors.ts";
import { ByteCursor } from "./byte-cursor.ts";
import type { ByteSource } from "./byte-source.ts";
import type { BlockType } from "./ggml-blocks/block-type.ts";
import { blockType } from "./ggml-blocks/block-types.ts";
import { GgufFields } from "./gguf-fields.ts";
import { readMetadata, readString } from "./gguf-metadata.ts";

const MAGIC = 0x4655_4747; // "GGUF"
const VERSION = 3;
const BIG_ENDIAN_VERSION = 0x0300_0000;
const MAX_TENSORS = 100_000;
const MAX_NAME_BYTES = 128;
const MAX_DIMENSIONS = 4;
const MAX_ELEMENTS = 2 ** 40;
const DEFAULT_ALIGNMENT_BYTES = 32;
const MAX_ALIGNMENT_BYTES = 65_536;

/** One tensor of a file, row-major; its first dimension counts rows (a vector is one row). */
export interface GgufTensor {
  readonly name: string;
  readonly type: BlockType;
  /** Outermost dimension first, as in Hugging Face checkpoints: the reverse of the file's order. */
  readonly shape: readonly number[];
  readonly columns: number;
  /** Byte offset in the file. */
  readonly offset: number;
  readonly bytes: number;
}

export interface GgufHeader {
  readonly fields: GgufFields;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/** Reads and checks everything before the data; a WeightsError names the file and the field that is wrong. */
export async function readGgufHeader(source: ByteSource): Promise<GgufHeader> {
  const { path } = source;
  const refuse = (what: string): never => {
    throw new WeightsError(`${path}: ${what}`);
  };
  const cursor = new ByteCursor(source);
  const magic = await cursor.u32("the magic number");
  if (magic !== MAGIC) refuse("does not begin with GGUF");
  const version = await cursor.u32("the version");
  if (version === BIG_ENDIAN_VERSION) refuse("is a big-endian GGUF file, expected a little-endian one");
  if (version !== VERSION)
    refuse(`is of GGUF version ${version}, expected ${VERSION}; convert it with a recent llama.cpp`);
  const tensorCount = await cursor.u64("the number of tensors");
  if (tensorCount > MAX_TENSORS) refuse(`${tensorCount} tensors, at most ${MAX_TENSORS} are allowed`);
  const entryCount = await cursor.u64("the number of metadata entries");
  const fields = new GgufFields(path, await readMetadata(cursor, path, entryCount));

  const alignment = fields.has("general.alignment") ? fields.integer("general.alignment") : DEFAULT_ALIGNMENT_BYTES;
  if (alignment < 1 || alignment > MAX_ALIGNMENT_BYTES || (alignment & (alignment - 1)) !== 0)
    refuse(`metadata general.alignment is ${alignment}, expected a power of two up to ${MAX_ALIGNMENT_BYTES}`);
  const tensors = new Map<string, GgufTensor>();
  for (let index = 0; index < Number(tensorCount); index++) {
    const tensor = await readTensor(cursor, path, index, alignment);
    if (tensors.has(tensor.name)) refuse(`tensor ${tensor.name} is there twice`);
    tensors.set(tensor.name, tensor);
  }
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  const placed = [...tensors].map(
    ([name, tensor]) => [name, { ...tensor, offset: dataStart + tensor.offset }] as const,
  );
  checkPlaces(
    placed.map(([, tensor]) => tensor),
    source,
  );
  return { fields, tensors: new Map(placed) };
}

/** A tensor's entry; its offset still counts from the beginning of the data. */
async function readTensor(cursor: ByteCursor, path: string, index: number, alignment: number): Promise<GgufTensor> {
  const name = await readString(cursor, path, `the name of tensor ${index}`, MAX_NAME_BYTES);
  const where = `tensor ${name}`;
  const refuse = (what: string): never => {
    throw new WeightsError(`${path}: ${where} ${what}`);
  };
  const rank = await cursor.u32(`the number of dimensions of ${where}`);
  if (rank < 1 || rank > MAX_DIMENSIONS) refuse(`has ${rank} dimensions, expected 1 to ${MAX_DIMENSIONS}`);
  const shape: number[] = [];
  let elements = 1;
  for (let dimension = 0; dimension < rank; dimension++) {
    const size = Number(await cursor.u64(`dimension ${dimension} of ${where}`));
    elements *= size;
    if (size < 1 || elements > MAX_ELEMENTS)
      refuse(`has dimension ${dimension} of ${size}, expected 1 or more, and ${MAX_ELEMENTS} elements at most`);
    shape.unshift(size);
  }
  const type = blockType(await cursor.u32(`the type of ${where}`), `${path}: ${where}`);
  const columns = shape.at(-1)!;
  if (columns % type.values !== 0)
    refuse(`has rows of ${columns} values, expected a multiple of ${type.values}, a block of ${type.name}`);
  const offset = Number(await cursor.u64(`the offset of ${where}`));
  if (offset % alignment !== 0) refuse(`has offset ${offset}, expected a multiple of the alignment ${alignment}`);
  return { name, type, shape, columns, offset, bytes: (elements / type.values) * type.bytes };
}

/** Tensors lie inside the file and do not overlap. */
function checkPlaces(tensors: readonly GgufTensor[], { path, bytes: fileBytes }: ByteSource): void {
  let end = 0;
  let previous = "";
  for (const { name, offset, bytes } of tensors.toSorted((a, b) => a.offset - b.offset)) {
    if (offset < end)
      throw new WeightsError(
        `${path}: tensor ${name} overlaps tensor ${previous}: it begins at byte ${offset}, expected ${end} or later`,
      );
    end = offset + bytes;
    previous = name;
    if (end > fileBytes)
      throw new WeightsError(
        `${path}: tensor ${name} ends at byte ${end}, the file at ${fileBytes}; copy the file again`,
      );
  }
}
