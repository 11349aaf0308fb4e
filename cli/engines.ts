import type { ActivationBits, Engine, KvBits } from "../runtime/engine.ts";
import { createSimdEngine } from "../runtime/simd/engine.ts";
import { chooseKernelModule, instantiateKernels } from "../runtime/simd/instantiate.ts";
import { loadKernelModules } from "./kernel-modules.ts";
import { loadOrtModule } from "./ort-module.ts";

export type EngineName = Engine["name"];

/** The engine by name; the rest is the simd engine's: ort computes and keeps everything in float32. */
export async function createEngine(name: EngineName, activations: ActivationBits, kvBits?: KvBits): Promise<Engine> {
  if (name === "ort") {
    // Imported only here: it is large, and most commands never need it.
    const { createOrtEngine } = await import("../runtime/ort/engine.ts");
    return createOrtEngine({ wasmModule: await loadOrtModule() });
  }
  const module = chooseKernelModule(await loadKernelModules());
  return createSimdEngine({ kernels: (memory) => instantiateKernels(module, memory), activations, kvBits });
}
