import type { Node } from "../../onnx/graph.ts";
import type { GraphScope } from "../graph-scope.ts";
import type { RowBuffer, Vector } from "../program.ts";
import { emitSum } from "./rows.ts";

/** ONNX's number for float32, in which the mean is taken. */
const TO_FLOAT32 = 1;

/** SimplifiedLayerNormalization: x / √(mean(x²) + ε) · weight over the columns of rows, or of each of their heads. */
export function simplifiedLayerNormalization(scope: GraphScope, node: Node): void {
  scope.expectArity(node, 2);
  const attributes = scope.attributes(node);
  const epsilon = attributes.float("epsilon", 1e-5);
  const axis = attributes.int("axis", -1);
  attributes.expectInt("stash_type", TO_FLOAT32);
  attributes.finish();
  if (axis !== -1 && axis !== 2) scope.fail(node, `attribute axis is ${axis}, expected the last one`);
  const [name] = node.outputs as [string];
  const heads = scope.binding(node.inputs[0]!);
  if (heads?.kind === "heads") {
    const { buffer, headDim } = heads;
    const y = emitNorm(scope, buffer, scope.vector(node, 1, headDim), epsilon, name);
    scope.define(name, { kind: "heads", buffer: y, headDim });
    return;
  }
  const x = scope.rows(node, 0);
  emitNorm(scope, x, scope.vector(node, 1, x.columns), epsilon, name);
}

/** com.microsoft SkipSimplifiedLayerNormalization: the norm of a sum; output 3 is the sum. */
export function skipSimplifiedLayerNormalization(scope: GraphScope, node: Node): void {
  const sumName = node.outputs[3] ?? "";
  scope.expectArity(node, 3, sumName === "" ? 1 : 4);
  const attributes = scope.attributes(node);
  const epsilon = attributes.float("epsilon", 1e-5);
  attributes.finish();
  const a = scope.rows(node, 0);
  const weight = scope.vector(node, 2, a.columns);
  emitNorm(scope, emitSum(scope, node, sumName || `${node.outputs[0]} sum`), weight, epsilon, node.outputs[0]!);
}

function emitNorm(scope: GraphScope, x: RowBuffer, weight: Vector, epsilon: number, name: string): RowBuffer {
  const y = scope.makeRows(name, x.columns);
  scope.steps.push({ op: "rmsNorm", x, weight, epsilon, y });
  return y;
}
