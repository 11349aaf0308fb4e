import { QUANTISATION_BLOCK } from "../quantise/round.ts";
import { type ExternalLayout, MAX_PIECE_BYTES, type WeightPiece } from "./external-layout.ts";
import {
  type AttributeValue,
  dataTypeNumber,
  encodeModel,
  externalInitializer,
  integersInitializer,
  node,
  scalarInitializer,
  type TensorType,
  valueInfo,
} from "./graph.ts";
import type { NodeProto, TensorProto, ValueInfoProto } from "./onnx_pb.ts";

type Shape = readonly (number | string)[];

/** Where a matrix comes from: the checkpoint's tensor [outputs, columns], and the name its nodes get in the graph. */
export interface Matrix {
  readonly name: string;
  readonly source: string;
  readonly outputs: number;
  readonly columns: number;
  readonly bits: WeightBits;
}

/** Bits of a quantised weight. */
export type WeightBits = 4 | 8;

/** Bytes of fp16 scales and of 4-bit data of a matrix. */
export const int4Bytes = (outputs: number, columns: number) => ({
  scaleBytes: (outputs * columns * 2) / QUANTISATION_BLOCK,
  dataBytes: (outputs * columns) / 2,
});

/** Bytes of fp16 scales and of 8-bit data of a matrix. */
export const int8Bytes = (outputs: number, columns: number) => ({
  scaleBytes: (outputs * columns * 2) / QUANTISATION_BLOCK,
  dataBytes: outputs * columns,
});

/** Collects one graph, operator by operator; values are passed by name. */
export class GraphBuilder {
  readonly #name: string;
  readonly #layout: ExternalLayout;
  readonly #maxPieceBytes: number;
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #nodes: NodeProto[] = [];

  /** A matrix of more than `maxPieceBytes` is cut by outputs. */
  constructor(name: string, layout: ExternalLayout, maxPieceBytes = MAX_PIECE_BYTES) {
    this.#name = name;
    this.#layout = layout;
    this.#maxPieceBytes = maxPieceBytes;
  }

  input(name: string, type: TensorType, shape: Shape): string {
    this.#inputs.push(valueInfo(name, type, shape));
    return name;
  }

  output(name: string, type: TensorType, shape: Shape): string {
    this.#outputs.push(valueInfo(name, type, shape));
    return name;
  }

  /** Adds an operator with one output or several and returns the first one's name. */
  apply(
    opType: string,
    inputs: readonly string[],
    outputs: string | readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    const names = [outputs].flat();
    this.#nodes.push(node(opType, inputs, names, attributes));
    return names[0]!;
  }

  scalar(name: string, value: number): string {
    this.#initializers.push(scalarInitializer(name, value));
    return name;
  }

  integers(name: string, values: readonly number[]): string {
    this.#initializers.push(integersInitializer(name, values));
    return name;
  }

  /** RMSNorm over the last dimension; the stored weight is 1 + the checkpoint's. */
  rmsNorm(
    input: string,
    { name, source, size, epsilon }: { name: string; source: string; size: number; epsilon: number },
  ) {
    const { data } = this.#layout.place(
      { encoding: "rms-norm", source, sourceShape: [size], firstRow: 0, rows: 1, columns: size },
      { scaleBytes: 0, dataBytes: size * 4 },
    );
    this.#initializers.push(externalInitializer(`${name}.weight`, "float32", [size], data));
    return this.apply("SimplifiedLayerNormalization", [input, `${name}.weight`], name, {
      axis: -1,
      epsilon: { float: epsilon },
      stash_type: 1,
    });
  }

  /** input · matrixᵀ; a matrix too large for one file becomes several products side by side. */
  linear(input: string, matrix: Matrix, output = matrix.name): string {
    const { name, source, outputs, columns, bits } = matrix;
    const bytesOf = bits === 4 ? int4Bytes : int8Bytes;
    const { scaleBytes, dataBytes } = bytesOf(outputs, columns);
    const parts = Math.ceil((scaleBytes + dataBytes) / this.#maxPieceBytes);
    const rowsPerPart = Math.ceil(outputs / parts / QUANTISATION_BLOCK) * QUANTISATION_BLOCK;
    const products: string[] = [];
    for (let firstRow = 0; firstRow < outputs; firstRow += rowsPerPart) {
      const rows = Math.min(rowsPerPart, outputs - firstRow);
      const piece = this.#layout.place(
        { encoding: `int${bits}`, source, sourceShape: [outputs, columns], firstRow, rows, columns },
        bytesOf(rows, columns),
      );
      const part = parts === 1 ? name : `${name}.${products.length}`;
      products.push(this.matMulNBits(input, part, piece, parts === 1 ? output : part));
    }
    return products.length === 1 ? products[0]! : this.apply("Concat", products, output, { axis: -1 });
  }

  /** MatMulNBits over a piece placed before; its scales are widened to float32 first, the type of the activations. */
  matMulNBits(input: string, name: string, piece: WeightPiece, output: string): string {
    const { rows, columns } = piece;
    const bits = piece.encoding === "int4" ? 4 : 8;
    const blocks = columns / QUANTISATION_BLOCK;
    this.#initializers.push(
      externalInitializer(`${name}.weight`, "uint8", [rows, blocks, (QUANTISATION_BLOCK * bits) / 8], piece.data),
    );
    const scales = this.#scales(name, piece);
    return this.apply("com.microsoft::MatMulNBits", [input, `${name}.weight`, scales], output, {
      K: columns,
      N: rows,
      bits,
      block_size: QUANTISATION_BLOCK,
    });
  }

  /** Rows of an 8-bit piece placed before, by id counted from the piece's first row. */
  gatherRows(ids: string, name: string, piece: WeightPiece, output: string): string {
    this.#initializers.push(externalInitializer(`${name}.weight`, "uint8", [piece.rows, piece.columns], piece.data));
    const scales = this.#scales(name, piece);
    return this.apply("com.microsoft::GatherBlockQuantized", [`${name}.weight`, ids, scales], output, {
      bits: 8,
      block_size: QUANTISATION_BLOCK,
      gather_axis: 0,
      quantize_axis: 1,
    });
  }

  /** The bytes of the `.onnx` file. */
  encode(): Uint8Array {
    return encodeModel({
      name: this.#name,
      inputs: this.#inputs,
      outputs: this.#outputs,
      initializers: this.#initializers,
      nodes: this.#nodes,
    });
  }

  #scales(name: string, { rows, columns, scales }: WeightPiece): string {
    const stored = `${name}.scales`;
    this.#initializers.push(externalInitializer(stored, "float16", [rows, columns / QUANTISATION_BLOCK], scales!));
    return this.apply("Cast", [stored], `${stored}.float32`, { to: dataTypeNumber("float32") });
  }
}
