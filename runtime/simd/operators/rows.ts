import type { Node } from "../../onnx/graph.ts";
import type { GraphScope } from "../graph-scope.ts";
import { BLOCK } from "../layout.ts";
import type { Matrix, RowBuffer } from "../program.ts";
import { scalar } from "./scalar.ts";
import { emitSoftCap } from "./soft-cap.ts";

/** ONNX's number for float32, the only type a Cast may lead to. */
const TO_FLOAT32 = 1;

/** Cast of a float16 constant to float32: folded into the operator that uses it. */
export function cast(scope: GraphScope, node: Node): void {
  scope.expectArity(node, 1);
  const attributes = scope.attributes(node);
  attributes.expectInt("to", TO_FLOAT32);
  attributes.finish();
  const { initializer, type } = scope.constant(node, 0);
  if (type !== "float16") scope.fail(node, `casts ${type}, only float16 constants are supported`);
  scope.define(node.outputs[0]!, { kind: "constant", initializer, type: "float32" });
}

/** Add of two rows of the same width. */
export function add(scope: GraphScope, node: Node): void {
  scope.expectArity(node, 2);
  scope.attributes(node).finish();
  emitSum(scope, node, node.outputs[0]!);
}

/** Makes the sum of a node's two inputs. */
export function emitSum(scope: GraphScope, node: Node, name: string): RowBuffer {
  const [a, b] = [scope.rows(node, 0), scope.rows(node, 1)];
  if (a.columns !== b.columns) scope.fail(node, `adds ${a.columns} columns to ${b.columns}`);
  const y = scope.makeRows(name, a.columns);
  scope.steps.push({ op: "add", a, b, y });
  return y;
}

/** Gelu with the tanh approximation: kept until its Mul. */
export function gelu(scope: GraphScope, node: Node): void {
  const attributes = scope.attributes(node);
  const approximate = attributes.string("approximate", "none");
  attributes.finish();
  if (approximate !== "tanh") scope.fail(node, `attribute approximate is "${approximate}", only "tanh" is supported`);
  deferGelu(scope, node);
}

/** com.microsoft FastGelu, the same function. */
export function fastGelu(scope: GraphScope, node: Node): void {
  scope.attributes(node).finish();
  deferGelu(scope, node);
}

function deferGelu(scope: GraphScope, node: Node): void {
  scope.expectArity(node, 1);
  scope.define(node.outputs[0]!, { kind: "gelu", gate: scope.rows(node, 0) });
}

/** Mul of gelu(gate) by rows, of tanh(rows / cap) by cap, or of rows by a constant number. */
export function mul(scope: GraphScope, node: Node): void {
  scope.expectArity(node, 2);
  scope.attributes(node).finish();
  const kinds = node.inputs.map((name) => scope.binding(name)?.kind);
  const [name] = node.outputs as [string];
  const gateIndex = kinds.indexOf("gelu");
  if (gateIndex >= 0) {
    const { gate } = scope.binding(node.inputs[gateIndex]!) as { gate: RowBuffer };
    const up = scope.rows(node, 1 - gateIndex);
    if (gate.columns !== up.columns) scope.fail(node, `multiplies ${gate.columns} columns by ${up.columns}`);
    scope.steps.push({ op: "geluMultiply", gate, up, y: scope.makeRows(name, up.columns) });
    return;
  }
  const boundedIndex = kinds.indexOf("bounded");
  if (boundedIndex >= 0) {
    emitSoftCap(scope, node, boundedIndex);
    return;
  }
  const factorIndex = kinds.indexOf("constant");
  if (factorIndex < 0) scope.fail(node, "only Gelu · rows and rows · a constant number are supported");
  const x = scope.rows(node, 1 - factorIndex);
  scope.steps.push({ op: "scale", x, factor: scalar(scope, node, factorIndex), y: scope.makeRows(name, x.columns) });
}

/** com.microsoft GatherBlockQuantized over token ids: rows of an 8-bit table [N, K]. */
export function gatherBlockQuantized(scope: GraphScope, node: Node): void {
  scope.expectArity(node, 3);
  const attributes = scope.attributes(node);
  attributes.expectInt("bits", 8);
  attributes.expectInt("block_size", BLOCK);
  attributes.expectInt("gather_axis", 0);
  const axis = attributes.int("quantize_axis", 1);
  attributes.finish();
  const [outputs, columns] = scope.constant(node, 0).initializer.dims;
  if (axis !== 1 && axis !== -1) scope.fail(node, `attribute quantize_axis is ${axis}, expected the last one`);
  if (!outputs || !columns || columns % BLOCK !== 0)
    scope.fail(node, `the table must be [rows, columns] with columns a multiple of ${BLOCK}`);
  const ids = scope.binding(node.inputs[1]!);
  if (ids?.kind !== "input" || !["int64", "int32"].includes(ids.value.type))
    scope.fail(node, `"${node.inputs[1]}" must be a graph input of int32 or int64 token ids`);
  const matrix: Matrix = { bits: 8, outputs, columns, pieces: [scope.matrixPiece(node, 0, 2, 8, outputs, columns)] };
  scope.matrices.push(matrix);
  scope.steps.push({ op: "gather", matrix, y: scope.makeRows(node.outputs[0]!, columns) });
}
