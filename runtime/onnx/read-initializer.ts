import { WeightsError } from "../../weights/errors.ts";
import { type TensorProto, TensorProto_DataLocation, TensorProto_DataType } from "../../weights/onnx/onnx_pb.ts";
import { ELEMENT_BYTES, type ExternalRange, type Initializer, isExternal, type TensorType } from "./graph.ts";

const MAX_RANK = 8;
const MAX_DIMENSION = 2 ** 31;

const TENSOR_TYPES: Readonly<Record<number, TensorType>> = {
  [TensorProto_DataType.FLOAT]: "float32",
  [TensorProto_DataType.FLOAT16]: "float16",
  [TensorProto_DataType.UINT8]: "uint8",
  [TensorProto_DataType.INT32]: "int32",
  [TensorProto_DataType.INT64]: "int64",
};

/** The name of an ONNX element type; a WeightsError beginning with `where` for one we have no use for. */
export function tensorType(dataType: number, where: string): TensorType {
  const type = TENSOR_TYPES[dataType];
  if (type === undefined) {
    const supported = Object.values(TENSOR_TYPES).join(", ");
    throw new WeightsError(`${where} has ONNX element type ${dataType}, which is not supported (${supported})`);
  }
  return type;
}

/** Reads one initializer and checks that its bytes are exactly what its shape needs. */
export function readInitializer(
  proto: TensorProto,
  file: string,
  externalFiles: ReadonlyMap<string, number>,
): Initializer {
  const where = `${file}: initializer "${proto.name}"`;
  if (proto.name === "") throw new WeightsError(`${file}: an initializer has no name`);
  if (proto.segment !== undefined) throw new WeightsError(`${where} is a segment, which is not supported`);
  const type = tensorType(proto.dataType, where);
  if (proto.dims.length > MAX_RANK)
    throw new WeightsError(`${where} has ${proto.dims.length} dimensions, the limit is ${MAX_RANK}`);
  const dims = proto.dims.map((size) => {
    if (size < 0 || size > MAX_DIMENSION) throw new WeightsError(`${where} has a dimension of ${size}`);
    return Number(size);
  });
  const bytes = dims.reduce((product, size) => product * size, ELEMENT_BYTES[type]);
  const data =
    proto.dataLocation === TensorProto_DataLocation.EXTERNAL
      ? readExternalRange(proto, where, externalFiles)
      : readInlineData(proto, type, where);
  const found = isExternal(data) ? data.bytes : data.length;
  if (found !== bytes)
    throw new WeightsError(`${where} of shape [${dims}] (${type}) needs ${bytes} bytes, found ${found}`);
  return { name: proto.name, type, dims, data };
}

function readExternalRange(
  proto: TensorProto,
  where: string,
  externalFiles: ReadonlyMap<string, number>,
): ExternalRange {
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get("location") ?? "";
  const fileBytes = externalFiles.get(location);
  if (fileBytes === undefined) {
    const known = [...externalFiles.keys()].join(", ") || "none";
    throw new WeightsError(`${where} lies in "${location}", which is not among the shard's data files (${known})`);
  }
  const natural = (key: string, otherwise: number): number => {
    const text = entries.get(key);
    if (text === undefined) return otherwise;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(value)) throw new WeightsError(`${where} has ${key} "${text}", expected a natural number`);
    return value;
  };
  const offset = natural("offset", 0);
  const bytes = natural("length", fileBytes - offset);
  if (offset + bytes > fileBytes)
    throw new WeightsError(`${where} ends at byte ${offset + bytes} of ${location}, which has ${fileBytes} bytes`);
  return { file: location, offset, bytes };
}

/** The tensor's bytes from `raw_data` or from the typed field of its element type. */
function readInlineData(proto: TensorProto, type: TensorType, where: string): Uint8Array {
  if (proto.rawData.length > 0) return proto.rawData;
  switch (type) {
    case "float32":
      return new Uint8Array(new Float32Array(proto.floatData).buffer);
    case "int64":
      return new Uint8Array(new BigInt64Array(proto.int64Data).buffer);
    case "int32":
      return new Uint8Array(new Int32Array(proto.int32Data).buffer);
    case "float16":
      return new Uint8Array(new Uint16Array(proto.int32Data).buffer);
    case "uint8":
      return new Uint8Array(proto.int32Data);
    default:
      throw new WeightsError(`${where} has no data`);
  }
}

/** Two initializers may share a range (a tied table does) but never overlap in part. */
export function checkRanges(initializers: Iterable<Initializer>, file: string): void {
  const placed = [...initializers].flatMap(({ name, data }) => (isExternal(data) ? [{ name, ...data }] : []));
  placed.sort((a, b) => (a.file === b.file ? a.offset - b.offset || a.bytes - b.bytes : a.file < b.file ? -1 : 1));
  for (let i = 1; i < placed.length; i++) {
    const [previous, next] = [placed[i - 1]!, placed[i]!];
    if (previous.file !== next.file || next.offset >= previous.offset + previous.bytes) continue;
    if (previous.offset === next.offset && previous.bytes === next.bytes) continue;
    throw new WeightsError(`${file}: initializers "${previous.name}" and "${next.name}" overlap in ${next.file}`);
  }
}
