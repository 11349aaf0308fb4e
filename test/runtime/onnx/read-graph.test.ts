import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { MAX_GRAPH_BYTES, readGraph } from "../../../runtime/onnx/read-graph.ts";
import { WeightsError } from "../../../weights/errors.ts";
import { encodeModel, externalInitializer, node, scalarInitializer, valueInfo } from "../../../weights/onnx/graph.ts";
import { type ModelProto, ModelProtoSchema } from "../../../weights/onnx/onnx_pb.ts";

const files = new Map([["a.bin", 1024]]);

/** x + two external vectors, in float32 [1, rows, 64]. */
const model = encodeModel({
  name: "sum",
  inputs: [valueInfo("x", "float32", [1, "rows", 64])],
  outputs: [valueInfo("z", "float32", [1, "rows", 64])],
  initializers: [
    externalInitializer("v", "float32", [64], { file: "a.bin", offset: 0, bytes: 256 }),
    externalInitializer("w", "float32", [64], { file: "a.bin", offset: 256, bytes: 256 }),
    scalarInitializer("s", 1.5),
  ],
  nodes: [
    node("com.microsoft::FastGelu", ["x"], ["y"]),
    node("SimplifiedLayerNormalization", ["y", "v"], ["z"], { epsilon: { float: 0.5 }, axis: -1 }),
  ],
});

/** The model with one thing changed. */
function changed(change: (proto: ModelProto) => unknown): Uint8Array {
  const proto = fromBinary(ModelProtoSchema, model);
  change(proto);
  return toBinary(ModelProtoSchema, proto);
}

test("a graph is read with its domains, attributes, shapes and ranges", () => {
  const graph = readGraph(model, "sum.onnx", files);
  expect(graph.nodes.map(({ operator }) => operator)).toEqual([
    "com.microsoft::FastGelu",
    "SimplifiedLayerNormalization",
  ]);
  expect(graph.nodes[1]!.attributes.get("epsilon")).toEqual({ type: "float", value: 0.5 });
  expect(graph.nodes[1]!.attributes.get("axis")).toEqual({ type: "int", value: -1 });
  expect(graph.inputs.get("x")).toEqual({ name: "x", type: "float32", dims: [1, "rows", 64] });
  expect(graph.initializers.get("w")!.data).toEqual({ file: "a.bin", offset: 256, bytes: 256 });
  expect(graph.initializers.get("s")!.data).toEqual(new Uint8Array(Float32Array.of(1.5).buffer));
});

describe("a wrong graph is refused with its file and what is wrong", () => {
  const external = (proto: ModelProto, index: number, key: string, value: string) => {
    proto.graph!.initializer[index]!.externalData.find((entry) => entry.key === key)!.value = value;
  };
  const cases: [string, Uint8Array, RegExp][] = [
    ["no protobuf", new Uint8Array([255, 255, 255]), /not an ONNX model/],
    ["no graph", changed((proto) => Object.assign(proto, { graph: undefined })), /no graph/],
    ["too large a file", new Uint8Array(MAX_GRAPH_BYTES + 1), /limited to 4194304/],
    [
      "an unknown opset",
      changed((proto) => Object.assign(proto.opsetImport[0]!, { version: 99n })),
      /opset ai.onnx 99/,
    ],
    ["an unknown IR version", changed((proto) => Object.assign(proto, { irVersion: 3n })), /IR version 3/],
    [
      "another domain",
      changed((proto) => Object.assign(proto.graph!.node[0]!, { domain: "acme" })),
      /"y" \(FastGelu\).*"acme"/,
    ],
    [
      "an input nobody makes",
      changed((proto) => Object.assign(proto.graph!.node[0]!, { input: ["q"] })),
      /"y".*uses "q"/,
    ],
    ["a name made twice", changed((proto) => Object.assign(proto.graph!.node[1]!, { output: ["y"] })), /makes "y"/],
    [
      "an output nobody makes",
      changed((proto) => Object.assign(proto.graph!.output[0]!, { name: "o" })),
      /graph output "o"/,
    ],
    ["data in another file", changed((proto) => external(proto, 0, "location", "../b.bin")), /"v" lies in "..\/b.bin"/],
    ["data beyond its file", changed((proto) => external(proto, 0, "offset", "900")), /ends at byte 1156.*1024/],
    ["a negative offset", changed((proto) => external(proto, 0, "offset", "-4")), /offset "-4"/],
    ["overlapping data", changed((proto) => external(proto, 1, "offset", "252")), /"v" and "w" overlap/],
    [
      "a length unlike the shape",
      changed((proto) => external(proto, 0, "length", "128")),
      /needs 256 bytes, found 128/,
    ],
    [
      "a shape unlike the data",
      changed((proto) => Object.assign(proto.graph!.initializer[2]!, { dims: [2n] })),
      /needs 8 bytes/,
    ],
    [
      "a huge dimension",
      changed((proto) => Object.assign(proto.graph!.initializer[0]!, { dims: [1n << 40n] })),
      /dimension of/,
    ],
    [
      "an unknown element type",
      changed((proto) => Object.assign(proto.graph!.initializer[2]!, { dataType: 8 })),
      /element type 8/,
    ],
  ];
  for (const [name, bytes, message] of cases)
    test(name, () => {
      const read = () => readGraph(bytes, "sum.onnx", files);
      expect(read).toThrow(WeightsError);
      expect(read).toThrow(message);
      expect(read).toThrow(/^sum\.onnx/);
    });
});

test("damaged bytes give a WeightsError or a graph, never another failure", () => {
  for (let offset = 0; offset < model.length; offset++)
    for (const flip of [0x01, 0x80]) {
      const bytes = model.slice();
      bytes[offset]! ^= flip;
      try {
        readGraph(bytes, "sum.onnx", files);
      } catch (error) {
        expect(error, `byte ${offset}`).toBeInstanceOf(WeightsError);
      }
    }
});
