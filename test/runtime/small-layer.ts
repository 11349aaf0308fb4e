import type { Manifest } from "../../weights/manifest.ts";
import {
  type AttributeValue,
  dataTypeNumber,
  encodeModel,
  externalInitializer,
  node,
  valueInfo,
} from "../../weights/onnx/graph.ts";
import type { NodeProto, TensorProto } from "../../weights/onnx/onnx_pb.ts";
import { demoManifest } from "./demo-model.ts";
import { describeFile, MemorySource } from "./memory-source.ts";

export const SMALL = { hidden: 64, intermediate: 96, heads: 4, kvHeads: 2, headDim: 16 };

/** One way to write a decoder layer that differs from our converter's. */
export interface LayerForm {
  readonly attention?: Readonly<Record<string, AttributeValue>>;
  /** gate as two products that a Concat joins. */
  readonly splitGate?: boolean;
  /** The residual sum inside SkipSimplifiedLayerNormalization, Gelu as FastGelu: what ORT-GenAI writes. */
  readonly fused?: boolean;
}

/** Appends tensors of numbers that look random to one data file: scales right before their weights. */
class DataFile {
  readonly initializers: TensorProto[] = [];
  readonly nodes: NodeProto[] = [];
  readonly #bytes: number[] = [];
  #state = 12_345;

  get contents(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  /** Adds rows × columns of 4-bit weights and gives back MatMulNBits's two inputs. */
  weights(name: string, rows: number, columns: number): [string, string] {
    const scales = Uint16Array.from({ length: (rows * columns) / 32 }, () => 0x2c00 + (this.#next() & 0x3ff));
    this.#place(`${name}.scales`, "float16", [rows, columns / 32], new Uint8Array(scales.buffer));
    const bytes = Uint8Array.from({ length: (rows * columns) / 2 }, () => this.#next() & 0xff);
    this.#place(`${name}.weight`, "uint8", [rows, columns / 32, 16], bytes);
    this.nodes.push(node("Cast", [`${name}.scales`], [`${name}.f32`], { to: dataTypeNumber("float32") }));
    return [`${name}.weight`, `${name}.f32`];
  }

  vector(name: string, columns: number): string {
    const values = Float32Array.from({ length: columns }, () => 0.5 + (this.#next() & 0xff) / 256);
    this.#place(name, "float32", [columns], new Uint8Array(values.buffer));
    return name;
  }

  #place(name: string, type: "float16" | "uint8" | "float32", shape: number[], bytes: Uint8Array): void {
    while (this.#bytes.length % 64 !== 0) this.#bytes.push(0);
    const range = { file: "layer-00-0.bin", offset: this.#bytes.length, bytes: bytes.length };
    this.initializers.push(externalInitializer(name, type, shape, range));
    this.#bytes.push(...bytes);
  }

  #next(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state >>> 12;
  }
}

/** A one-layer model of random weights in the given form: only `loadLayers` of its layer 0 makes sense. */
export function smallLayer({ attention = {}, splitGate = false, fused = false }: LayerForm): {
  readonly manifest: Manifest;
  readonly source: MemorySource;
} {
  const { hidden, intermediate, heads, kvHeads, headDim } = SMALL;
  const data = new DataFile();
  const { nodes } = data;
  const product = (x: string, name: string, outputs: number, columns: number) => {
    const weights = data.weights(name, outputs, columns);
    const attributes = { K: columns, N: outputs, bits: 4, block_size: 32 };
    nodes.push(node("com.microsoft::MatMulNBits", [x, ...weights], [name], attributes));
    return name;
  };
  const norm = (x: string, name: string) =>
    nodes.push(
      node("SimplifiedLayerNormalization", [x, data.vector(`${name}.weight`, hidden)], [name], {
        axis: -1,
        epsilon: { float: 1e-6 },
      }),
    );

  norm("hidden", "norm_1");
  const q = product("norm_1", "q", heads * headDim, hidden);
  const k = product("norm_1", "k", kvHeads * headDim, hidden);
  const v = product("norm_1", "v", kvHeads * headDim, hidden);
  const inputs = [q, k, v, "past_key", "past_value", "seqlens_k", "total_sequence_length", "cos_cache", "sin_cache"];
  nodes.push(
    node("com.microsoft::GroupQueryAttention", inputs, ["attended", "present_key", "present_value"], {
      num_heads: heads,
      kv_num_heads: kvHeads,
      do_rotary: 1,
      ...attention,
    }),
  );
  product("attended", "o", hidden, heads * headDim);
  if (fused) {
    const weight = data.vector("norm_2.weight", hidden);
    const outputs = ["norm_2", "", "", "residual"];
    const epsilon = { epsilon: { float: 1e-6 } };
    nodes.push(node("com.microsoft::SkipSimplifiedLayerNormalization", ["hidden", "o", weight], outputs, epsilon));
  } else {
    nodes.push(node("Add", ["hidden", "o"], ["residual"]));
    norm("residual", "norm_2");
  }
  if (splitGate) {
    product("norm_2", "gate_0", 32, hidden);
    product("norm_2", "gate_1", intermediate - 32, hidden);
    nodes.push(node("Concat", ["gate_0", "gate_1"], ["gate"], { axis: -1 }));
  } else product("norm_2", "gate", intermediate, hidden);
  product("norm_2", "up", intermediate, hidden);
  nodes.push(
    fused
      ? node("com.microsoft::FastGelu", ["gate"], ["activated"])
      : node("Gelu", ["gate"], ["activated"], { approximate: "tanh" }),
    node("Mul", ["activated", "up"], ["gated"]),
  );
  product("gated", "down", hidden, intermediate);
  nodes.push(node("Add", ["residual", "down"], ["hidden_out"]));

  const rows = [1, "rows", hidden];
  const kv = (tokens: string) => [1, kvHeads, tokens, headDim];
  const graph = encodeModel({
    name: "layer",
    inputs: [
      valueInfo("hidden", "float32", rows),
      valueInfo("past_key", "float32", kv("past")),
      valueInfo("past_value", "float32", kv("past")),
      valueInfo("seqlens_k", "int32", [1]),
      valueInfo("total_sequence_length", "int32", []),
      valueInfo("cos_cache", "float32", ["positions", headDim / 2]),
      valueInfo("sin_cache", "float32", ["positions", headDim / 2]),
    ],
    outputs: [
      valueInfo("hidden_out", "float32", rows),
      valueInfo("present_key", "float32", kv("total")),
      valueInfo("present_value", "float32", kv("total")),
    ],
    initializers: data.initializers,
    nodes,
  });
  const architecture = {
    ...demoManifest.architecture,
    hiddenSize: hidden,
    intermediateSize: intermediate,
    numHiddenLayers: 1,
    numAttentionHeads: heads,
    numKeyValueHeads: kvHeads,
    headDim,
  };
  const files: [string, Uint8Array][] = [
    ["layer-00.onnx", graph],
    ["layer-00-0.bin", data.contents],
  ];
  const [graphFile, dataFile] = files.map(([path, contents]) => describeFile(path, contents));
  return {
    manifest: { ...demoManifest, architecture, layers: [{ graph: graphFile!, data: [dataFile!] }] },
    source: new MemorySource(files),
  };
}
