import { isExternal, type Node } from "../../onnx/graph.ts";
import type { GraphScope } from "../graph-scope.ts";

const HEAD_UNIT = 16;

/**
 * Reshape between rows [1, rows, heads · head_dim] and their heads [1, rows · heads, head_dim], which lie in memory the
 * same way. The shape is a constant [0 or 1, −1, columns]. The name reshaped must be used here alone: both names stand
 * for one buffer.
 */
export function reshape(scope: GraphScope, node: Node): void {
  scope.expectArity(node, 2);
  const attributes = scope.attributes(node);
  attributes.expectInt("allowzero", 0);
  attributes.finish();
  const columns = lastDimension(scope, node);
  const [source] = node.inputs as [string];
  const [name] = node.outputs as [string];
  if (scope.uses(source) > 1) scope.fail(node, `"${source}" must be used here alone`);
  const heads = scope.binding(source);
  if (heads?.kind === "heads") {
    if (columns !== heads.buffer.columns)
      scope.fail(node, `makes rows of ${columns} columns of heads of rows of ${heads.buffer.columns}`);
    scope.define(name, { kind: "rows", buffer: heads.buffer });
    return;
  }
  const buffer = scope.rows(node, 0);
  if (buffer.columns % columns !== 0 || columns % HEAD_UNIT !== 0)
    scope.fail(
      node,
      `cuts rows of ${buffer.columns} columns into heads of ${columns}, expected a multiple of ${HEAD_UNIT}`,
    );
  scope.define(name, { kind: "heads", buffer, headDim: columns });
}

function lastDimension(scope: GraphScope, node: Node): number {
  const { initializer, type } = scope.constant(node, 1);
  const { data, dims } = initializer;
  if (type !== "int64" || isExternal(data) || dims.length !== 1 || dims[0] !== 3)
    return scope.fail(node, `"${initializer.name}" must be a shape of three int64 inside the graph`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [batch, rows, columns] = [0, 8, 16].map((at) => Number(view.getBigInt64(at, true))) as [number, number, number];
  if ((batch !== 0 && batch !== 1) || rows !== -1 || columns < 1)
    return scope.fail(node, `"${initializer.name}" is [${batch}, ${rows}, ${columns}], expected [0, −1, columns]`);
  return columns;
}
