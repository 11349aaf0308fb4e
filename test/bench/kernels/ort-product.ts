import * as ort from "onnxruntime-web/wasm";
import { encodeModel, externalInitializer, node, valueInfo } from "../../../weights/onnx/graph.ts";

const FLOAT_TYPE = 1;

/** onnxruntime-web's product of one row with a 4-bit matrix, as our shards write it: fp16 scales cast to float32. */
export async function createOrtProduct(
  outputs: number,
  columns: number,
  bytes: Uint8Array,
  scales: Uint8Array,
): Promise<(x: Float32Array) => Promise<unknown>> {
  ort.env.wasm.numThreads = 1;
  const blocks = columns / 32;
  const data = new Uint8Array(bytes.length + scales.length);
  data.set(bytes);
  data.set(scales, bytes.length);
  const range = (offset: number, length: number) => ({ file: "weights.bin", offset, bytes: length });
  const graph = encodeModel({
    name: "product",
    inputs: [valueInfo("x", "float32", [1, 1, columns])],
    outputs: [valueInfo("y", "float32", [1, 1, outputs])],
    initializers: [
      externalInitializer("bytes", "uint8", [outputs, blocks, 16], range(0, bytes.length)),
      externalInitializer("scales", "float16", [outputs * blocks], range(bytes.length, scales.length)),
    ],
    nodes: [
      node("Cast", ["scales"], ["floats"], { to: FLOAT_TYPE }),
      node("com.microsoft::MatMulNBits", ["x", "bytes", "floats"], ["y"], {
        K: columns,
        N: outputs,
        bits: 4,
        block_size: 32,
      }),
    ],
  });
  const session = await ort.InferenceSession.create(graph, { externalData: [{ path: "weights.bin", data }] });
  return (x) => session.run({ x: new ort.Tensor("float32", x, [1, 1, columns]) });
}
