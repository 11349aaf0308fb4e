import type { Node } from "../../onnx/graph.ts";
import type { GraphScope } from "../graph-scope.ts";
import { scalar } from "./scalar.ts";

/** Div of rows by a constant number: the begin of cap · tanh(rows / cap). */
export function div(scope: GraphScope, node: Node): void {
  scope.expectArity(node, 2);
  scope.attributes(node).finish();
  const x = scope.rows(node, 0);
  const cap = scalar(scope, node, 1);
  if (!(cap > 0)) scope.fail(node, `divides by ${cap}, expected a soft cap over 0`);
  scope.define(node.outputs[0]!, { kind: "quotient", x, cap });
}

/** Tanh of such a quotient. */
export function tanh(scope: GraphScope, node: Node): void {
  scope.expectArity(node, 1);
  scope.attributes(node).finish();
  const quotient = scope.binding(node.inputs[0]!);
  if (quotient?.kind !== "quotient") scope.fail(node, "is supported only in a soft cap: Div, Tanh, Mul");
  scope.define(node.outputs[0]!, { ...quotient, kind: "bounded" });
}

/** Mul of such a Tanh (input `index`) by the number that was divided by. */
export function emitSoftCap(scope: GraphScope, node: Node, index: number): void {
  const bounded = scope.binding(node.inputs[index]!);
  if (bounded?.kind !== "bounded") scope.fail(node, "multiplies no Tanh");
  const { x, cap } = bounded;
  const factor = scalar(scope, node, 1 - index);
  if (factor !== cap) scope.fail(node, `multiplies tanh(x / ${cap}) by ${factor}, expected the same number`);
  scope.steps.push({ op: "softCap", x, cap, y: scope.makeRows(node.outputs[0]!, x.columns) });
}
