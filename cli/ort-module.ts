import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** Compiles onnxruntime-web's WASM binary from the installed package, for `createOrtEngine`. */
export async function loadOrtModule(): Promise<WebAssembly.Module> {
  const path = fileURLToPath(import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"));
  return WebAssembly.compile(await readFile(path));
}
