import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "./onnx_pb.ts";

const IR_VERSION = 10n;
const OPSET_VERSION = 21n;
const MICROSOFT_OPSET_VERSION = 1n;
const MICROSOFT_DOMAIN = "com.microsoft";

export type TensorType = "float32" | "float16" | "uint8" | "int32" | "int64";

const DATA_TYPES: Record<TensorType, TensorProto_DataType> = {
  float32: TensorProto_DataType.FLOAT,
  float16: TensorProto_DataType.FLOAT16,
  uint8: TensorProto_DataType.UINT8,
  int32: TensorProto_DataType.INT32,
  int64: TensorProto_DataType.INT64,
};

/** ONNX's number for a tensor type, as `Cast` wants it. */
export const dataTypeNumber = (type: TensorType) => DATA_TYPES[type];

/** A graph input or output; a string dimension is a name for a length known at run time. */
export function valueInfo(name: string, type: TensorType, shape: readonly (number | string)[]): ValueInfoProto {
  const dim = shape.map((size) => ({
    value:
      typeof size === "number"
        ? ({ case: "dimValue", value: BigInt(size) } as const)
        : ({ case: "dimParam", value: size } as const),
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType: DATA_TYPES[type], shape: { dim } } } },
  });
}

/** Where an initialiser's bytes lie: a file beside the graph, and a range of it. */
export interface ExternalRange {
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
}

/** An initialiser whose bytes are a range of an external-data file. */
export function externalInitializer(
  name: string,
  type: TensorType,
  shape: readonly number[],
  range: ExternalRange,
): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: DATA_TYPES[type],
    dims: shape.map(BigInt),
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: [
      { key: "location", value: range.file },
      { key: "offset", value: String(range.offset) },
      { key: "length", value: String(range.bytes) },
    ],
  });
}

/** A float32 scalar kept in the graph itself. */
export function scalarInitializer(name: string, value: number): TensorProto {
  const rawData = new Uint8Array(4);
  new DataView(rawData.buffer).setFloat32(0, value, true);
  return create(TensorProtoSchema, { name, dataType: TensorProto_DataType.FLOAT, rawData });
}

/** Integers kept in the graph itself, int64 [count]: a shape, for one. */
export function integersInitializer(name: string, values: readonly number[]): TensorProto {
  const rawData = new Uint8Array(values.length * 8);
  const view = new DataView(rawData.buffer);
  for (const [index, value] of values.entries()) view.setBigInt64(index * 8, BigInt(value), true);
  return create(TensorProtoSchema, {
    name,
    dataType: TensorProto_DataType.INT64,
    dims: [BigInt(values.length)],
    rawData,
  });
}

/** Integers become INT attributes; a FLOAT is written `{ float: 1 }`, so that 1 and 1.0 stay apart. */
export type AttributeValue = number | string | { readonly float: number };

function attribute(name: string, value: AttributeValue): AttributeProto {
  const { INT, STRING, FLOAT } = AttributeProto_AttributeType;
  if (typeof value === "number") return create(AttributeProtoSchema, { name, type: INT, i: BigInt(value) });
  if (typeof value === "string")
    return create(AttributeProtoSchema, { name, type: STRING, s: new TextEncoder().encode(value) });
  return create(AttributeProtoSchema, { name, type: FLOAT, f: value.float });
}

/** One operator; `opType` may carry its domain, as in "com.microsoft::MatMulNBits". Named after its first output. */
export function node(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): NodeProto {
  const [operator, domain] = opType.split("::").reverse() as [string, string?];
  return create(NodeProtoSchema, {
    name: outputs[0]!,
    opType: operator,
    domain: domain ?? "",
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
  });
}

export interface Graph {
  readonly name: string;
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  readonly initializers: readonly TensorProto[];
  readonly nodes: readonly NodeProto[];
}

/** The bytes of an `.onnx` file: opset 21 and com.microsoft 1, IR version 10. */
export function encodeModel({ name, inputs, outputs, initializers, nodes }: Graph): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: "lapidary",
    opsetImport: [
      { domain: "", version: OPSET_VERSION },
      { domain: MICROSOFT_DOMAIN, version: MICROSOFT_OPSET_VERSION },
    ],
    graph: create(GraphProtoSchema, {
      name,
      input: [...inputs],
      output: [...outputs],
      initializer: [...initializers],
      node: [...nodes],
    }),
  });
  return toBinary(ModelProtoSchema, model);
}
