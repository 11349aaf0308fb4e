import type { Node } from "../../onnx/graph.ts";
import type { GraphScope } from "../graph-scope.ts";
import { type RowBuffer, stepWrites } from "../program.ts";

const [QUERY, KEY, VALUE, PAST_KEY, PAST_VALUE, COS_CACHE, SIN_CACHE] = [0, 1, 2, 3, 4, 7, 8];
const INPUTS = 9;
const INPUTS_WITHOUT_ROTARY = 7;

/**
 * com.microsoft GroupQueryAttention with separate query, key and value. The KV cache, the lengths and the rotary tables
 * are graph inputs, which the stage provides in its own form.
 */
export function groupQueryAttention(scope: GraphScope, node: Node): void {
  const attributes = scope.attributes(node);
  const heads = attributes.int("num_heads");
  const kvHeads = attributes.int("kv_num_heads");
  const scale = attributes.float("scale", 0);
  const softCap = attributes.float("softcap", 0);
  const window = attributes.int("local_window_size", -1);
  const rotary = attributes.int("do_rotary", 0) === 1;
  attributes.expectInt("rotary_interleaved", 0);
  attributes.finish();
  scope.expectArity(node, rotary ? INPUTS : INPUTS_WITHOUT_ROTARY, 3);

  const q = scope.rows(node, QUERY);
  const k = scope.rows(node, KEY);
  const v = scope.rows(node, VALUE);
  const headDim = q.columns / heads;
  if (!Number.isInteger(headDim) || headDim % 16 !== 0)
    scope.fail(node, `${q.columns} columns in ${heads} heads: the head size must be a multiple of 16`);
  if (heads % kvHeads !== 0) scope.fail(node, `num_heads ${heads} is not a multiple of kv_num_heads ${kvHeads}`);
  for (const { name, columns } of [k, v])
    if (columns !== kvHeads * headDim)
      scope.fail(node, `"${name}" has ${columns} columns, expected ${kvHeads} heads of ${headDim}`);
  if (window === 0 || window < -1)
    scope.fail(node, `attribute local_window_size is ${window}, expected −1 or more than 0`);
  for (const index of rotary ? [PAST_KEY, PAST_VALUE, COS_CACHE, SIN_CACHE] : [PAST_KEY, PAST_VALUE])
    expectInput(scope, node, index);
  for (const name of node.outputs.slice(1)) {
    if (!scope.isGraphOutput(name)) scope.fail(node, `"${name}" must be a graph output`);
    scope.define(name, { kind: "present" });
  }

  const shape = scope.addAttention(kvHeads, headDim);
  if (rotary)
    for (const [index, x, count] of [
      [QUERY, q, heads],
      [KEY, k, kvHeads],
    ] as const) {
      expectOwn(scope, node, index, x);
      scope.steps.push({ op: "rotary", x, heads: count, shape });
    }
  expectOwn(scope, node, KEY, k);
  scope.steps.push({ op: "storeKv", k, v, shape });
  const y = scope.makeRows(node.outputs[0]!, q.columns);
  scope.steps.push({
    op: "attention",
    q,
    shape,
    heads,
    // 0 stands for the usual scale.
    scale: Math.fround(scale === 0 ? 1 / Math.sqrt(headDim) : scale),
    softCap,
    window: Math.max(window, 0),
    y,
  });
}

/** Rotary embedding changes queries and keys in their place, and so does storing keys in 8 bits. */
function expectOwn(scope: GraphScope, node: Node, index: number, x: RowBuffer): void {
  const name = node.inputs[index]!;
  if (scope.uses(name) > 1 || !scope.steps.some((step) => stepWrites(step) === x))
    scope.fail(node, `"${name}" must be made for this node alone, since it is changed in place`);
}

function expectInput(scope: GraphScope, node: Node, index: number): void {
  const name = node.inputs[index]!;
  if (scope.binding(name)?.kind !== "input") scope.fail(node, `input ${index} ("${name}") must be a graph input`);
}
