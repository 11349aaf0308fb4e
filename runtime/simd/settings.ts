import type { ActivationBits, KvBits } from "../engine.ts";
import type { Kernels } from "./kernels.ts";

/** What a deployment chooses of the simd engine. */
export interface SimdSettings {
  /** The kernels over a memory: a build of the WASM module, or the reference. */
  readonly kernels: (memory: WebAssembly.Memory) => Kernels;
  readonly activations: ActivationBits;
  /** Bits of a number in the KV cache; left out, what goes with the activations. */
  readonly kvBits?: KvBits | undefined;
  /** Is shown the rows that enter the stage's matrix products, by the graph's name for them; valid during the call. */
  readonly onProductInput?: (name: string, rows: Float32Array) => void;
  /** Leave out what comes after those rows: what a stage then answers means nothing. */
  readonly lastProductInput?: string;
}

/**
 * Bits of a number in the KV cache. Where nothing is asked for, int8 goes with 8-bit activations: half the memory of
 * float16, and a token at 4096 costs 10 % more than one at 128 where float16 costs 37 % (2B shapes), for a KL divergence of
 * 0.011 instead of 0.009 on Gemma 3 270M. Beside 16-bit activations even float16 would be the largest error of all (0.3 % of
 * the logits' deviation on the golden models, against 0.08 %), so there the cache is float32.
 */
export const cacheBits = ({ activations, kvBits }: Pick<SimdSettings, "activations" | "kvBits">): KvBits =>
  kvBits ?? (activations === 16 ? 32 : 8);
