import { isExternal, type Node } from "../../onnx/graph.ts";
import type { GraphScope } from "../graph-scope.ts";

/** The constant number at an input. */
export function scalar(scope: GraphScope, node: Node, index: number): number {
  const { initializer, type } = scope.constant(node, index);
  const { data, dims } = initializer;
  if (type !== "float32" || isExternal(data) || dims.reduce((a, b) => a * b, 1) !== 1)
    return scope.fail(node, `"${initializer.name}" must be one float32 inside the graph`);
  return new DataView(data.buffer, data.byteOffset).getFloat32(0, true);
}
