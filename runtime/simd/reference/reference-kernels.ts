import type { Kernels } from "../kernels.ts";
import { attention } from "./attention.ts";
import { add, geluMultiply, scale } from "./elementwise.ts";
import { gatherQ8 } from "./gather-q8.ts";
import { matmulQ4 } from "./matmul-q4.ts";
import { matmulQ8 } from "./matmul-q8.ts";
import { viewMemory } from "./memory-views.ts";
import { quantizeActivations } from "./quantize-activations.ts";
import { repackQ4 } from "./repack-q4.ts";
import { repackQ8 } from "./repack-q8.ts";
import { rmsNorm } from "./rms-norm.ts";
import { rotary } from "./rotary.ts";
import { argmax, tileSums, topK } from "./selection.ts";
import { softCap } from "./soft-cap.ts";
import { storeKv } from "./store-kv.ts";

/** The kernels in plain TypeScript: slow, for reading and for judging the WASM builds, which give the same bits. */
export function createReferenceKernels(memory: WebAssembly.Memory): Kernels {
  const views = viewMemory(memory);
  return {
    quantizeActivations: (...operands) => quantizeActivations(views, ...operands),
    matmulQ4: (...operands) => matmulQ4(views, ...operands),
    matmulQ8: (...operands) => matmulQ8(views, ...operands),
    gatherQ8: (...operands) => gatherQ8(views, ...operands),
    rmsNorm: (...operands) => rmsNorm(views, ...operands),
    add: (...operands) => add(views, ...operands),
    scale: (...operands) => scale(views, ...operands),
    geluMultiply: (...operands) => geluMultiply(views, ...operands),
    softCap: (...operands) => softCap(views, ...operands),
    rotary: (...operands) => rotary(views, ...operands),
    storeKv: (...operands) => storeKv(views, ...operands),
    attention: (...operands) => attention(views, ...operands),
    repackQ4: (...operands) => repackQ4(views, ...operands),
    repackQ8: (...operands) => repackQ8(views, ...operands),
    argmax: (...operands) => argmax(views, ...operands),
    topK: (...operands) => topK(views, ...operands),
    tileSums: (...operands) => tileSums(views, ...operands),
  };
}
