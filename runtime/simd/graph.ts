import { InferenceError } from "../errors.ts";
import type { Graph, Node } from "../onnx/graph.ts";
import { GraphScope } from "./graph-scope.ts";
import { groupQueryAttention } from "./operators/attention.ts";
import { reshape } from "./operators/heads.ts";
import { simplifiedLayerNormalization, skipSimplifiedLayerNormalization } from "./operators/norms.ts";
import { concat, matMulNBits } from "./operators/products.ts";
import { add, cast, fastGelu, gatherBlockQuantized, gelu, mul } from "./operators/rows.ts";
import { div, tanh } from "./operators/soft-cap.ts";
import type { AttentionShape, Program, RowBuffer } from "./program.ts";

type Operator = (scope: GraphScope, node: Node) => void;

const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ["Add", add],
  ["Cast", cast],
  ["Concat", concat],
  ["Div", div],
  ["Gelu", gelu],
  ["Mul", mul],
  ["Reshape", reshape],
  ["SimplifiedLayerNormalization", simplifiedLayerNormalization],
  ["Tanh", tanh],
  ["com.microsoft::FastGelu", fastGelu],
  ["com.microsoft::GatherBlockQuantized", gatherBlockQuantized],
  ["com.microsoft::GroupQueryAttention", groupQueryAttention],
  ["com.microsoft::MatMulNBits", matMulNBits],
  ["com.microsoft::SkipSimplifiedLayerNormalization", skipSimplifiedLayerNormalization],
]);

export interface CompiledGraph extends Program {
  readonly attentions: readonly AttentionShape[];
}

/**
 * Compiles a graph that takes rows [1, rows, columns] (`input`) or token ids (`null`) and makes rows. Attention nodes
 * are numbered from `firstAttention`. Throws InferenceError unsupported naming the file and node.
 */
export function compileGraph(graph: Graph, input: RowBuffer | null, firstAttention = 0): CompiledGraph {
  const scope = new GraphScope(graph, firstAttention);
  if (input !== null) scope.define(rowInput(graph, input.columns), { kind: "rows", buffer: input });
  for (const node of graph.nodes) {
    const operator = OPERATORS.get(node.operator);
    if (operator === undefined) return scope.fail(node, "this operator is not supported by the simd engine");
    operator(scope, node);
  }
  const { steps, matrices, vectors, attentions } = scope;
  return { input, output: rowOutput(graph, scope), steps, matrices, vectors, attentions };
}

/** The one float32 graph input [1, rows, columns] (the KV cache has four dimensions, rotary tables two). */
function rowInput(graph: Graph, columns: number): string {
  const rows = [...graph.inputs.values()].filter(({ type, dims }) => type === "float32" && dims.length === 3);
  const [value] = rows;
  if (rows.length !== 1 || value?.dims[2] !== columns)
    throw new InferenceError(
      "unsupported",
      `${graph.file}: expected one float32 input [1, rows, ${columns}], found ${rows.map(({ name, dims }) => `${name} [${dims}]`).join(", ") || "none"}`,
    );
  return value.name;
}

function rowOutput(graph: Graph, scope: GraphScope): RowBuffer {
  const outputs = [...graph.outputs.keys()].map((name) => scope.binding(name));
  const rows = outputs.filter((binding) => binding?.kind === "rows");
  const [output] = rows;
  if (
    output === undefined ||
    rows.length > 1 ||
    outputs.some((binding) => binding?.kind !== "rows" && binding?.kind !== "present")
  )
    throw new InferenceError("unsupported", `${graph.file}: expected one output of rows beside the KV cache`);
  return output.buffer;
}
