import type { ActivationBits } from "../engine.ts";
import type { Kernels } from "./kernels.ts";

/** What a deployment chooses of the simd engine. */
export interface SimdSettings {
  /** The kernels over a memory: a build of the WASM module, or the reference. */
  readonly kernels: (memory: WebAssembly.Memory) => Kernels;
  readonly activations: ActivationBits;
}
