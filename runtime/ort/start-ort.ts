import * as ort from "onnxruntime-web/wasm";
import { encodeModel, node, valueInfo } from "../../weights/onnx/graph.ts";
import { InferenceError } from "../errors.ts";

/** Stands for the WASM binary until `instantiate` below replaces it by the compiled module. */
const PLACEHOLDER_BYTES = 8;

let started: Promise<typeof ort> | undefined;

/**
 * Starts onnxruntime-web on one thread with an already compiled module, which is all that Workers allow: its own
 * loading of the binary is led past by a placeholder. The first session is a model of one node, made so that
 * `WebAssembly.instantiate` is replaced for a moment only. Started once per process.
 */
export function startOrt(wasmModule: WebAssembly.Module): Promise<typeof ort> {
  started ??= start(wasmModule).catch((cause: unknown) => {
    started = undefined;
    throw new InferenceError("internal", "onnxruntime-web did not start", { cause });
  });
  return started;
}

async function start(wasmModule: WebAssembly.Module): Promise<typeof ort> {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = new ArrayBuffer(PLACEHOLDER_BYTES);
  ort.env.logLevel = "error";
  const platform = WebAssembly.instantiate;
  const isPlaceholder = (source: unknown) =>
    (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) && source.byteLength === PLACEHOLDER_BYTES;
  const redirected = async (source: BufferSource | WebAssembly.Module, imports?: WebAssembly.Imports) => {
    if (!isPlaceholder(source)) return platform(source as BufferSource, imports);
    return { instance: new WebAssembly.Instance(wasmModule, imports), module: wasmModule };
  };
  WebAssembly.instantiate = redirected as typeof WebAssembly.instantiate;
  try {
    const session = await ort.InferenceSession.create(
      encodeModel({
        name: "identity",
        inputs: [valueInfo("x", "float32", [1])],
        outputs: [valueInfo("y", "float32", [1])],
        initializers: [],
        nodes: [node("Identity", ["x"], ["y"])],
      }),
    );
    await session.release();
  } finally {
    WebAssembly.instantiate = platform;
  }
  return ort;
}
