import { describe, expect, test } from "vitest";
import type { Graph } from "../../../runtime/onnx/graph.ts";
import { readGraph } from "../../../runtime/onnx/read-graph.ts";
import { compileGraph } from "../../../runtime/simd/graph.ts";
import type { RowBuffer } from "../../../runtime/simd/program.ts";
import { type LayerForm, SMALL, smallLayer } from "../small-layer.ts";

const input: RowBuffer = { name: "hidden", form: "float32", columns: SMALL.hidden };

function layerGraph(form: LayerForm = {}): Graph {
  const { manifest, source } = smallLayer(form);
  const [{ graph, data }] = manifest.layers as [(typeof manifest.layers)[0]];
  return readGraph(source.files.get(graph.path)!, graph.path, new Map(data.map(({ path, bytes }) => [path, bytes])));
}

/** The layer with one node changed. */
function changed(operator: string, change: object, index = 0): Graph {
  const graph = layerGraph();
  const node = graph.nodes.filter((node) => node.operator.endsWith(operator))[index]!;
  return { ...graph, nodes: graph.nodes.map((each) => (each === node ? { ...node, ...change } : each)) };
}

const attributes = (entries: Record<string, number | string>) => ({
  attributes: new Map(
    Object.entries(entries).map(([name, value]) => [
      name,
      { type: typeof value === "string" ? "string" : "int", value },
    ]),
  ),
});

test("a layer becomes kernel calls; rows that several products read are quantised once", () => {
  const { steps } = compileGraph(layerGraph(), input);
  expect(steps.map(({ op }) => op)).toEqual([
    "rmsNorm",
    ...["quantizeActivations", "matmul", "matmul", "matmul"],
    ...["rotary", "rotary", "storeKv", "attention"],
    ...["quantizeActivations", "matmul", "add", "rmsNorm"],
    ...["quantizeActivations", "matmul", "matmul", "geluMultiply"],
    ...["quantizeActivations", "matmul", "add"],
  ]);
});

test("products that a Concat joins become one product with their rows in order", () => {
  const { matrices } = compileGraph(layerGraph({ splitGate: true }), input);
  const gate = matrices.find(({ pieces }) => pieces.length === 2)!;
  expect(gate.outputs).toBe(SMALL.intermediate);
  expect(gate.pieces.map(({ firstOutput, outputs }) => [firstOutput, outputs])).toEqual([
    [0, 32],
    [32, 64],
  ]);
});

test("attention nodes are numbered through the graphs of a stage", () => {
  expect(compileGraph(layerGraph(), input, 5).attentions).toEqual([{ layer: 5, kvHeads: 2, headDim: 16 }]);
});

describe("what the engine cannot run is refused with the file, the node and the reason", () => {
  const gqa = { num_heads: 4, kv_num_heads: 2, do_rotary: 1 };
  const cases: [string, Graph, RegExp][] = [
    ["an operator", changed("Gelu", { operator: "Relu" }), /"activated" \(Relu\): this operator is not supported/],
    ["an attribute", changed("Add", attributes({ alpha: 1 })), /\(Add\): attribute alpha is not supported/],
    ["exact Gelu", changed("Gelu", attributes({ approximate: "none" })), /approximate is "none", only "tanh"/],
    ["2-bit weights", changed("MatMulNBits", attributes({ K: 64, N: 64, bits: 2, block_size: 32 })), /bits is 2/],
    ["blocks of 16", changed("MatMulNBits", attributes({ K: 64, N: 64, bits: 4, block_size: 16 })), /block_size is 16/],
    ["a wrong K", changed("MatMulNBits", attributes({ K: 96, N: 64, bits: 4, block_size: 32 })), /K is 96.*64 columns/],
    ["a wrong N", changed("MatMulNBits", attributes({ K: 64, N: 63, bits: 4, block_size: 32 })), /63 × 64 weights/],
    ["zero points", changed("MatMulNBits", { inputs: ["norm_1", "q.weight", "q.f32", "z"] }), /has 4 inputs, 3/],
    ["bare scales", changed("MatMulNBits", { inputs: ["norm_1", "q.weight", "q.scales"] }), /cast to float32/],
    [
      "interleaved rotary",
      changed("Attention", attributes({ ...gqa, rotary_interleaved: 1 })),
      /rotary_interleaved is 1/,
    ],
    ["uneven heads", changed("Attention", attributes({ ...gqa, num_heads: 3 })), /3 heads/],
    [
      "KV heads unlike the keys",
      changed("Attention", attributes({ ...gqa, kv_num_heads: 4 })),
      /expected 4 heads of 16/,
    ],
    ["smooth softmax", changed("Attention", attributes({ ...gqa, smooth_softmax: 1 })), /smooth_softmax is not/],
    ["a Gelu used alone", changed("Add", { inputs: ["residual", "activated"] }, 1), /a Gelu that is not multiplied/],
    ["a product of rows", changed("Mul", { inputs: ["up", "up"] }), /only Gelu · rows/],
    ["sums of unlike widths", changed("Add", { inputs: ["residual", "up"] }, 1), /adds 64 columns to 96/],
    [
      "a Tanh of rows",
      changed("Gelu", { operator: "Tanh", attributes: new Map() }),
      /\(Tanh\): is supported only in a soft/,
    ],
    ["a cast to something else", changed("Cast", attributes({ to: 10 })), /attribute to is 10/],
  ];
  for (const [name, graph, message] of cases)
    test(name, () => {
      const compile = () => compileGraph(graph, input);
      expect(compile).toThrow(expect.objectContaining({ name: "InferenceError", code: "unsupported" }));
      expect(compile).toThrow(message);
      expect(compile).toThrow(/^layer-00\.onnx/);
    });

  test("rows of another width", () => {
    expect(() => compileGraph(layerGraph(), { ...input, columns: 128 })).toThrow(/expected one float32 input .*128/);
  });
});
