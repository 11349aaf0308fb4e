import wasmModule from "onnxruntime-web/ort-wasm-simd-threaded.wasm";
import { InferenceError } from "../runtime/errors.ts";
import { createOrtEngine } from "../runtime/ort/engine.ts";
import { carryEngine } from "./engine-registry.ts";

carryEngine("ort", (_activations, kvBits = 32) => {
  if (kvBits !== 32)
    throw new InferenceError("unsupported", `the ort engine keeps keys and values in 32 bits, not ${kvBits}`);
  return createOrtEngine({ wasmModule });
});
