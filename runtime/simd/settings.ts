import type { ActivationBits } from "../engine.ts";
import type { Kernels } from "./kernels.ts";

/** What a deployment chooses of the simd engine. */
export interface SimdSettings {
  /** The kernels over a memory: a build of the WASM module, or the reference. */
  readonly kernels: (memory: WebAssembly.Memory) => Kernels;
  readonly activations: ActivationBits;
}

export type KvBits = 16 | 32;

/**
 * Bits of a number in the KV cache. Beside 16-bit activations float16 would be the largest error of all (0.3 % of the
 * logits' deviation on the golden models, against 0.08 %), so there the cache is float32.
 */
export const kvBits = (activations: ActivationBits): KvBits => (activations === 16 ? 32 : 16);
