import { InferenceError } from "../runtime/errors.ts";
import { createSimdEngine } from "../runtime/simd/engine.ts";
import { chooseKernelModule, instantiateKernels } from "../runtime/simd/instantiate.ts";
import relaxed from "../runtime/simd/kernels/build/relaxed.wasm";
import simd128 from "../runtime/simd/kernels/build/simd128.wasm";
import { carryEngine } from "./engine-registry.ts";

carryEngine("simd", (activations, kvBits) => {
  if (activations === 32)
    throw new InferenceError("unsupported", "the simd engine quantises activations to 8 or 16 bit");
  const module = chooseKernelModule({ relaxed, simd128 });
  return createSimdEngine({ activations, kvBits, kernels: (memory) => instantiateKernels(module, memory) });
});
