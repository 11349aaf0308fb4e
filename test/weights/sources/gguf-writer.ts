export const GGML_TYPES = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q5_0: 6,
  Q5_1: 7,
  Q8_0: 8,
  Q2_K: 10,
  Q3_K: 11,
  Q4_K: 12,
  Q5_K: 13,
  Q6_K: 14,
  BF16: 30,
} as const;

const VALUE_TYPES = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
} as const;
type ValueType = keyof typeof VALUE_TYPES;

/** A typed metadata value; of an array, `value` holds values of `of`. */
export interface Value {
  readonly type: ValueType | number;
  readonly value: unknown;
  readonly of?: ValueType;
}

export const text = (value: string): Value => ({ type: "string", value });
export const u32 = (value: number): Value => ({ type: "u32", value });
export const f32 = (value: number): Value => ({ type: "f32", value });
export const bool = (value: boolean): Value => ({ type: "bool", value });
export const array = (of: ValueType, value: readonly unknown[]): Value => ({ type: "array", of, value });

export interface StoredTensor {
  readonly name: string;
  /** As in Hugging Face checkpoints; the file has it reversed. */
  readonly shape: readonly (number | bigint)[];
  readonly type: number;
  readonly data: Uint8Array;
  /** Instead of the place right after the tensor before. */
  readonly offset?: number | bigint;
}

export interface GgufParts {
  readonly magic?: string;
  readonly version?: number;
  readonly tensorCount?: bigint;
  readonly entryCount?: bigint;
  readonly metadata: readonly (readonly [string, Value])[];
  readonly tensors: readonly StoredTensor[];
  readonly alignment?: number;
}

/** The bytes of a GGUF file, right or wrong as its parts are. */
export function encodeGguf({ metadata, tensors, alignment = 32, ...parts }: GgufParts): Buffer {
  const head = [
    Buffer.from(parts.magic ?? "GGUF"),
    number("u32", parts.version ?? 3),
    number("u64", parts.tensorCount ?? BigInt(tensors.length)),
    number("u64", parts.entryCount ?? BigInt(metadata.length)),
    ...metadata.flatMap(([key, value]) => [encodeString(key), typed(value)]),
  ];
  const data: Buffer[] = [];
  let end = 0;
  for (const { name, shape, type, data: bytes, offset } of tensors) {
    head.push(encodeString(name), number("u32", shape.length));
    for (const size of shape.toReversed()) head.push(number("u64", BigInt(size)));
    head.push(number("u32", type), number("u64", BigInt(offset ?? end)));
    data.push(Buffer.from(bytes), padding(bytes.length, alignment));
    end += Math.ceil(bytes.length / alignment) * alignment;
  }
  const header = Buffer.concat(head);
  return Buffer.concat([header, padding(header.length, alignment), ...data]);
}

const padding = (bytes: number, alignment: number) => Buffer.alloc(Math.ceil(bytes / alignment) * alignment - bytes);

function typed({ type, value, of }: Value): Buffer {
  const code = number("u32", typeof type === "number" ? type : VALUE_TYPES[type]);
  if (type !== "array") return Buffer.concat([code, typeof type === "number" ? Buffer.alloc(8) : plain(type, value)]);
  const elements = value as readonly unknown[];
  return Buffer.concat([code, arrayBody(of!, elements)]);
}

function arrayBody(of: ValueType, elements: readonly unknown[]): Buffer {
  const body = elements.map((element) =>
    of === "array" ? arrayBody((element as Value).of!, (element as Value).value as unknown[]) : plain(of, element),
  );
  return Buffer.concat([number("u32", VALUE_TYPES[of]), number("u64", BigInt(elements.length)), ...body]);
}

function plain(type: Exclude<ValueType, "array"> | "array", value: unknown): Buffer {
  if (type === "string") return encodeString(value as string);
  if (type === "array") throw new Error("an array within an array is given as a Value");
  return number(type, type === "bool" ? Number(value) : (value as number | bigint));
}

function encodeString(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([number("u64", BigInt(bytes.length)), bytes]);
}

function number(type: Exclude<ValueType, "string" | "array">, value: number | bigint): Buffer {
  const view = new DataView(new ArrayBuffer(8));
  const small = Number(value);
  switch (type) {
    case "u8":
    case "bool":
      view.setUint8(0, small);
      return bytesOf(view, 1);
    case "i8":
      view.setInt8(0, small);
      return bytesOf(view, 1);
    case "u16":
      view.setUint16(0, small, true);
      return bytesOf(view, 2);
    case "i16":
      view.setInt16(0, small, true);
      return bytesOf(view, 2);
    case "u32":
      view.setUint32(0, small, true);
      return bytesOf(view, 4);
    case "i32":
      view.setInt32(0, small, true);
      return bytesOf(view, 4);
    case "f32":
      view.setFloat32(0, small, true);
      return bytesOf(view, 4);
    case "f64":
      view.setFloat64(0, small, true);
      return bytesOf(view, 8);
    case "u64":
      view.setBigUint64(0, BigInt(value), true);
      return bytesOf(view, 8);
    default:
      view.setBigInt64(0, BigInt(value), true);
      return bytesOf(view, 8);
  }
}

const bytesOf = (view: DataView, bytes: number) => Buffer.from(view.buffer, 0, bytes);
