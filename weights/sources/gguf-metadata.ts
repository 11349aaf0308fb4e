import { WeightsError } from "../errors.ts";
import type { ByteCursor } from "./byte-cursor.ts";

/*
 * Metadata of GGUF, version 3 (ggml-org/ggml, docs/gguf.md): entries of key, type and value.
 */

const MAX_ENTRIES = 65_536;
const MAX_KEY_BYTES = 65_535;
/** Chat templates are the longest strings; they stay under 100 KB. */
const MAX_STRING_BYTES = 1 << 20;
const MAX_ARRAY_ELEMENTS = 1 << 24;
const MAX_NESTED_ARRAYS = 4;

const STRING = 8;
const ARRAY = 9;
const BOOLEAN = 7;
/** Least bytes of a string or an array: its length; an array also says its type. */
const STRING_BYTES = 8;
const ARRAY_BYTES = 12;

type Scalar = number | bigint | boolean | string;
export type MetadataValue = Scalar | readonly MetadataValue[] | NumberArray;
type NumberArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | BigUint64Array
  | BigInt64Array
  | Float64Array;

interface NumberType {
  readonly bytes: number;
  readonly read: (view: DataView) => number | bigint;
  readonly array: (buffer: ArrayBuffer) => NumberArray;
}

const NUMBER_TYPES: Readonly<Record<number, NumberType>> = {
  0: { bytes: 1, read: (view) => view.getUint8(0), array: (buffer) => new Uint8Array(buffer) },
  1: { bytes: 1, read: (view) => view.getInt8(0), array: (buffer) => new Int8Array(buffer) },
  2: { bytes: 2, read: (view) => view.getUint16(0, true), array: (buffer) => new Uint16Array(buffer) },
  3: { bytes: 2, read: (view) => view.getInt16(0, true), array: (buffer) => new Int16Array(buffer) },
  4: { bytes: 4, read: (view) => view.getUint32(0, true), array: (buffer) => new Uint32Array(buffer) },
  5: { bytes: 4, read: (view) => view.getInt32(0, true), array: (buffer) => new Int32Array(buffer) },
  6: { bytes: 4, read: (view) => view.getFloat32(0, true), array: (buffer) => new Float32Array(buffer) },
  10: { bytes: 8, read: (view) => view.getBigUint64(0, true), array: (buffer) => new BigUint64Array(buffer) },
  11: { bytes: 8, read: (view) => view.getBigInt64(0, true), array: (buffer) => new BigInt64Array(buffer) },
  12: { bytes: 8, read: (view) => view.getFloat64(0, true), array: (buffer) => new Float64Array(buffer) },
};

/** Reads `count` entries; a WeightsError names the file and the key that is wrong. */
export async function readMetadata(
  cursor: ByteCursor,
  path: string,
  count: bigint,
): Promise<Map<string, MetadataValue>> {
  if (count > MAX_ENTRIES)
    throw new WeightsError(`${path}: ${count} metadata entries, at most ${MAX_ENTRIES} are allowed`);
  const entries = new Map<string, MetadataValue>();
  for (let index = 0; index < Number(count); index++) {
    const key = await readString(cursor, path, `the key of metadata entry ${index}`, MAX_KEY_BYTES);
    if (entries.has(key)) throw new WeightsError(`${path}: metadata key ${key} is there twice`);
    const where = `metadata ${key}`;
    entries.set(key, await readValue(cursor, path, where, await cursor.u32(`the type of ${where}`), 0));
  }
  return entries;
}

/** A string of at most `maxBytes`: its length as a u64, then UTF-8. */
export async function readString(cursor: ByteCursor, path: string, what: string, maxBytes: number): Promise<string> {
  const length = await cursor.u64(`the length of ${what}`);
  if (length > maxBytes)
    throw new WeightsError(`${path}: ${what} has ${length} bytes, at most ${maxBytes} are allowed`);
  const bytes = await cursor.bytes(Number(length), what);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new WeightsError(`${path}: ${what} is not UTF-8`, { cause });
  }
}

async function readValue(
  cursor: ByteCursor,
  path: string,
  where: string,
  type: number,
  depth: number,
): Promise<MetadataValue> {
  if (type === STRING) return readString(cursor, path, where, MAX_STRING_BYTES);
  if (type === ARRAY) return readArray(cursor, path, where, depth);
  if (type === BOOLEAN) {
    const byte = await cursor.u8(where);
    if (byte > 1) throw new WeightsError(`${path}: ${where} is a boolean of value ${byte}, expected 0 or 1`);
    return byte === 1;
  }
  const number = numberType(type, path, where);
  return number.read(await cursor.field(number.bytes, where));
}

async function readArray(cursor: ByteCursor, path: string, where: string, depth: number): Promise<MetadataValue> {
  if (depth === MAX_NESTED_ARRAYS)
    throw new WeightsError(`${path}: ${where} nests arrays deeper than ${MAX_NESTED_ARRAYS}`);
  const type = await cursor.u32(`the element type of ${where}`);
  const length = await cursor.u64(`the length of ${where}`);
  if (length > MAX_ARRAY_ELEMENTS)
    throw new WeightsError(`${path}: ${where} has ${length} elements, at most ${MAX_ARRAY_ELEMENTS} are allowed`);
  const count = Number(length);
  if (type !== STRING && type !== ARRAY && type !== BOOLEAN) {
    const number = numberType(type, path, where);
    return number.array((await cursor.bytes(count * number.bytes, where)).buffer);
  }
  cursor.expectBytes(count * { [STRING]: STRING_BYTES, [ARRAY]: ARRAY_BYTES, [BOOLEAN]: 1 }[type], where);
  const elements: MetadataValue[] = [];
  for (let index = 0; index < count; index++)
    elements.push(await readValue(cursor, path, `${where}[${index}]`, type, depth + 1));
  return elements;
}

function numberType(type: number, path: string, where: string): NumberType {
  const number = Object.hasOwn(NUMBER_TYPES, type) ? NUMBER_TYPES[type] : undefined;
  if (number === undefined) throw new WeightsError(`${path}: ${where} has value type ${type}, expected 0 to 12`);
  return number;
}
