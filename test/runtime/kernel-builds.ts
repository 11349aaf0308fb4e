import { loadKernelModules } from "../../cli/kernel-modules.ts";
import type { ActivationBits, Engine, KvBits } from "../../runtime/engine.ts";
import { createSimdEngine } from "../../runtime/simd/engine.ts";
import { instantiateKernels } from "../../runtime/simd/instantiate.ts";
import type { Kernels } from "../../runtime/simd/kernels.ts";
import { createReferenceKernels } from "../../runtime/simd/reference/reference-kernels.ts";

export type KernelBuild = "relaxed" | "simd128" | "reference";

/** The simd engine over one of the three implementations of its kernels. */
export async function simdEngine(
  build: KernelBuild,
  activations: ActivationBits = 8,
  kvBits?: KvBits,
): Promise<Engine> {
  if (build === "reference") return createSimdEngine({ kernels: createReferenceKernels, activations, kvBits });
  const { [build]: module } = await loadKernelModules();
  const kernels = (memory: WebAssembly.Memory): Kernels => instantiateKernels(module, memory);
  return createSimdEngine({ kernels, activations, kvBits });
}
