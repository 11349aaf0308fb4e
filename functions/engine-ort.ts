import wasmModule from "onnxruntime-web/ort-wasm-simd-threaded.wasm";
import { createOrtEngine } from "../runtime/ort/engine.ts";
import { carryEngine } from "./engine-registry.ts";

carryEngine("ort", () => createOrtEngine({ wasmModule }));
