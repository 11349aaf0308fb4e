import { InferenceError } from "../errors.ts";
import {
  type ExternalRange,
  type Graph,
  type GraphValue,
  type Initializer,
  isExternal,
  type Node,
  type TensorType,
} from "../onnx/graph.ts";
import { NodeAttributes } from "../onnx/node-attributes.ts";
import type { AttentionShape, KernelStep, Matrix, MatrixPiece, RowBuffer, Vector } from "./program.ts";

/** What a name of the graph stands for while it is compiled. */
export type Binding =
  /** An initializer, seen as `type` (after Casts). */
  | { readonly kind: "constant"; readonly initializer: Initializer; readonly type: TensorType }
  /** A graph input nobody has given a meaning yet. */
  | { readonly kind: "input"; readonly value: GraphValue }
  | { readonly kind: "rows"; readonly buffer: RowBuffer }
  /** Rows seen as their heads of `headDim` columns, between two Reshapes. */
  | { readonly kind: "heads"; readonly buffer: RowBuffer; readonly headDim: number }
  /** gelu(gate), waiting for the Mul it is fused with. */
  | { readonly kind: "gelu"; readonly gate: RowBuffer }
  /** x / cap, or tanh(x / cap), waiting for the Mul by cap they are fused with. */
  | { readonly kind: "quotient"; readonly x: RowBuffer; readonly cap: number }
  | { readonly kind: "bounded"; readonly x: RowBuffer; readonly cap: number }
  /** Output rows of a product, waiting for the Concat they are joined in. */
  | { readonly kind: "product"; readonly x: RowBuffer; readonly bits: 4 | 8; readonly piece: MatrixPiece }
  /** The KV cache after this run; only a graph output. */
  | { readonly kind: "present" };

/** The names of one graph and the steps compiled so far. Errors name the file and the node. */
export class GraphScope {
  readonly steps: KernelStep[] = [];
  readonly matrices: Matrix[] = [];
  readonly vectors: Vector[] = [];
  readonly attentions: AttentionShape[] = [];
  readonly #graph: Graph;
  readonly #firstAttention: number;
  readonly #bindings = new Map<string, Binding>();
  readonly #uses = new Map<string, number>();
  readonly #joined = new Set<string>();
  readonly #quantized = new Map<RowBuffer, RowBuffer>();

  /** `firstAttention` numbers the graph's attention nodes within the stage. */
  constructor(graph: Graph, firstAttention: number) {
    this.#graph = graph;
    this.#firstAttention = firstAttention;
    for (const initializer of graph.initializers.values())
      this.#bindings.set(initializer.name, { kind: "constant", initializer, type: initializer.type });
    for (const value of graph.inputs.values()) this.#bindings.set(value.name, { kind: "input", value });
    for (const name of [...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs.keys()])
      this.#uses.set(name, (this.#uses.get(name) ?? 0) + 1);
    for (const node of graph.nodes)
      if (node.operator === "Concat") for (const name of node.inputs) this.#joined.add(name);
  }

  where(node: Node): string {
    return `${this.#graph.file}: node "${node.name}" (${node.operator})`;
  }

  attributes(node: Node): NodeAttributes {
    return new NodeAttributes(node, this.where(node));
  }

  fail(node: Node, what: string): never {
    throw new InferenceError("unsupported", `${this.where(node)}: ${what}`);
  }

  /** Checks how many inputs and outputs a node has; trailing optional ones must be absent. */
  expectArity(node: Node, inputs: number, outputs = 1): void {
    const used = (names: readonly string[]) => names.findLastIndex((name) => name !== "") + 1;
    if (used(node.inputs) !== inputs) this.fail(node, `has ${used(node.inputs)} inputs, ${inputs} are supported`);
    if (used(node.outputs) !== outputs) this.fail(node, `has ${used(node.outputs)} outputs, ${outputs} are supported`);
  }

  define(name: string, binding: Binding): void {
    this.#bindings.set(name, binding);
  }

  binding(name: string): Binding | undefined {
    return this.#bindings.get(name);
  }

  /** How many inputs and graph outputs a name feeds. */
  uses(name: string): number {
    return this.#uses.get(name) ?? 0;
  }

  /** True for a name that only a Concat reads. */
  isJoined(name: string): boolean {
    return this.#joined.has(name) && this.uses(name) === 1;
  }

  isGraphOutput(name: string): boolean {
    return this.#graph.outputs.has(name);
  }

  /** The row buffer behind input `index` of a node. */
  rows(node: Node, index: number): RowBuffer {
    const name = node.inputs[index] ?? "";
    const binding = this.#bindings.get(name);
    if (binding?.kind === "rows") return binding.buffer;
    const found = {
      constant: "a constant",
      gelu: "a Gelu that is not multiplied at once",
      heads: "the heads of rows",
      quotient: "a Div that is not the begin of a soft cap",
      bounded: "a Tanh that is not in the middle of a soft cap",
      input: "another graph input",
    };
    const what = found[binding?.kind as keyof typeof found] ?? "not a row buffer";
    return this.fail(node, `input ${index} ("${name}") is ${what}, expected rows made by an earlier node`);
  }

  constant(node: Node, index: number): Binding & { kind: "constant" } {
    const name = node.inputs[index] ?? "";
    const binding = this.#bindings.get(name);
    if (binding?.kind !== "constant") return this.fail(node, `input ${index} ("${name}") must be a constant`);
    return binding;
  }

  /** A float32 constant [columns]. */
  vector(node: Node, index: number, columns: number): Vector {
    const { initializer, type } = this.constant(node, index);
    const { name, dims, data } = initializer;
    if (type !== "float32" || initializer.type !== "float32" || dims.length !== 1 || dims[0] !== columns)
      return this.fail(node, `"${name}" must be float32 [${columns}], found ${initializer.type} [${dims}]`);
    const vector = { name: `${this.#graph.file}: "${name}"`, columns, data: this.#external(node, name, data) };
    this.vectors.push(vector);
    return vector;
  }

  /** Quantised weights: bytes at input `index`, scales right after, `outputs` rows of `columns` in blocks of 32. */
  matrixPiece(
    node: Node,
    index: number,
    scalesIndex: number,
    bits: 4 | 8,
    outputs: number,
    columns: number,
  ): MatrixPiece {
    const bytes = this.constant(node, index);
    const scales = this.constant(node, scalesIndex);
    const elements = ({ initializer }: Binding & { kind: "constant" }) => initializer.dims.reduce((a, b) => a * b, 1);
    if (bytes.type !== "uint8" || elements(bytes) !== (outputs * columns * bits) / 8)
      this.fail(node, `"${bytes.initializer.name}" must hold ${outputs} × ${columns} weights of ${bits} bits as uint8`);
    if (
      scales.type !== "float32" ||
      scales.initializer.type !== "float16" ||
      elements(scales) * 32 !== outputs * columns
    )
      this.fail(node, `"${scales.initializer.name}" must hold a float16 scale per 32 columns, cast to float32`);
    return {
      name: `${this.#graph.file}: "${bytes.initializer.name}"`,
      firstOutput: 0,
      outputs,
      bytes: this.#external(node, bytes.initializer.name, bytes.initializer.data),
      scales: this.#external(node, scales.initializer.name, scales.initializer.data),
    };
  }

  #external(node: Node, name: string, data: Initializer["data"]): ExternalRange {
    return isExternal(data) ? data : this.fail(node, `"${name}" must be external data, it lies in the graph file`);
  }

  /** The quantised form of rows, made once however many products read it. */
  quantized(x: RowBuffer): RowBuffer {
    let y = this.#quantized.get(x);
    if (y === undefined) {
      y = { name: `${x.name} quantised`, form: "activations", columns: x.columns };
      this.steps.push({ op: "quantizeActivations", x, y });
      this.#quantized.set(x, y);
    }
    return y;
  }

  /** Makes the row buffer of a node's output. */
  makeRows(name: string, columns: number): RowBuffer {
    const buffer: RowBuffer = { name, form: "float32", columns };
    this.define(name, { kind: "rows", buffer });
    return buffer;
  }

  /** Gives the graph's next attention node its place in the KV cache. */
  addAttention(kvHeads: number, headDim: number): AttentionShape {
    const shape = { layer: this.#firstAttention + this.attentions.length, kvHeads, headDim };
    this.attentions.push(shape);
    return shape;
  }
}
