import type { Node } from "../../onnx/graph.ts";
import type { Binding, GraphScope } from "../graph-scope.ts";
import { BLOCK, LANES } from "../layout.ts";
import type { Matrix, RowBuffer } from "../program.ts";

type Product = Binding & { kind: "product" };

/** com.microsoft MatMulNBits: x [rows, K] · Wᵀ with W [N, K] in 4 or 8 bits, symmetric, a scale per 32 columns. */
export function matMulNBits(scope: GraphScope, node: Node): void {
  scope.expectArity(node, 3);
  const attributes = scope.attributes(node);
  const columns = attributes.int("K");
  const outputs = attributes.int("N");
  const bits = attributes.int("bits", 4);
  // How exact the product is, is the engine's setting, not the graph's.
  attributes.int("accuracy_level", 0);
  attributes.expectInt("block_size", BLOCK);
  attributes.finish();
  if (bits !== 4 && bits !== 8) scope.fail(node, `attribute bits is ${bits}, expected 4 or 8`);
  if (outputs < 1) scope.fail(node, `attribute N is ${outputs}, expected at least 1`);
  const x = scope.rows(node, 0);
  if (x.columns !== columns || columns % BLOCK !== 0)
    scope.fail(node, `attribute K is ${columns}, expected the input's ${x.columns} columns, a multiple of ${BLOCK}`);
  const product: Product = { kind: "product", x, bits, piece: scope.matrixPiece(node, 1, 2, bits, outputs, columns) };
  const [name] = node.outputs as [string];
  if (scope.isJoined(name)) scope.define(name, product);
  else emitProduct(scope, [product], name);
}

/** Concat of products that share their input, along the columns: one product with a taller matrix. */
export function concat(scope: GraphScope, node: Node): void {
  const attributes = scope.attributes(node);
  const axis = attributes.int("axis");
  attributes.finish();
  // Rows are [1, rows, columns].
  if (axis !== -1 && axis !== 2) scope.fail(node, `attribute axis is ${axis}, expected the last one`);
  let firstOutput = 0;
  const products = node.inputs.map((name) => {
    const binding = scope.binding(name);
    if (binding?.kind !== "product") return scope.fail(node, `"${name}" is not a MatMulNBits used here alone`);
    if (firstOutput % LANES !== 0)
      scope.fail(node, `"${name}" would begin at column ${firstOutput}, not a multiple of ${LANES}`);
    const product: Product = { ...binding, piece: { ...binding.piece, firstOutput } };
    firstOutput += binding.piece.outputs;
    return product;
  });
  if (products.some(({ x, bits }) => x !== products[0]!.x || bits !== products[0]!.bits))
    scope.fail(node, "joins products of different inputs or bits");
  emitProduct(scope, products, node.outputs[0]!);
}

function emitProduct(scope: GraphScope, products: readonly Product[], name: string): void {
  const { x, bits } = products[0]!;
  const pieces = products.map(({ piece }) => piece);
  const outputs = pieces.reduce((sum, piece) => sum + piece.outputs, 0);
  const matrix: Matrix = { bits, outputs, columns: x.columns, pieces };
  scope.matrices.push(matrix);
  const quantized: RowBuffer = scope.quantized(x);
  scope.steps.push({ op: "matmul", x: quantized, matrix, y: scope.makeRows(name, outputs) });
}
