/** Element types this project's graphs may hold. */
export type TensorType = "float32" | "float16" | "uint8" | "int32" | "int64";

export const ELEMENT_BYTES: Readonly<Record<TensorType, number>> = {
  float32: 4,
  float16: 2,
  uint8: 1,
  int32: 4,
  int64: 8,
};

/** Bytes offset … offset + bytes − 1 of an external-data file beside the graph. */
export interface ExternalRange {
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
}

/** A constant tensor, row-major and little-endian; its bytes are in the graph file or in an external-data file. */
export interface Initializer {
  readonly name: string;
  readonly type: TensorType;
  readonly dims: readonly number[];
  readonly data: Uint8Array | ExternalRange;
}

/** A graph input or output; a string dimension is a length known at run time. */
export interface GraphValue {
  readonly name: string;
  readonly type: TensorType;
  readonly dims: readonly (number | string)[];
}

export interface AttributeValues {
  readonly int: number;
  readonly float: number;
  readonly string: string;
}
export type Attribute = {
  [Type in keyof AttributeValues]: { readonly type: Type; readonly value: AttributeValues[Type] };
}[keyof AttributeValues];

export interface Node {
  readonly name: string;
  /** `MatMulNBits` style name; operators of other domains than ONNX's own carry it: `com.microsoft::MatMulNBits`. */
  readonly operator: string;
  /** An absent optional input is "". */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** A checked graph: each name is defined once, before its first use. */
export interface Graph {
  /** The file it was read from, for error messages. */
  readonly file: string;
  readonly inputs: ReadonlyMap<string, GraphValue>;
  readonly outputs: ReadonlyMap<string, GraphValue>;
  readonly initializers: ReadonlyMap<string, Initializer>;
  readonly nodes: readonly Node[];
}

export const isExternal = (data: Initializer["data"]): data is ExternalRange => !(data instanceof Uint8Array);
