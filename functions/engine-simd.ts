import { InferenceError } from "../runtime/errors.ts";
import { createSimdEngine } from "../runtime/simd/engine.ts";
import { createReferenceKernels } from "../runtime/simd/reference/reference-kernels.ts";
import { carryEngine } from "./engine-registry.ts";

carryEngine("simd", (activations) => {
  if (activations === 32)
    throw new InferenceError("unsupported", "the simd engine runs with activations of 8 or 16 bit");
  return createSimdEngine({ activations, kernels: createReferenceKernels });
});
