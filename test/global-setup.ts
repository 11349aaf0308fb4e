import { buildKernels } from "../runtime/simd/kernels/build.mjs";

/** Compiles the kernels once before any project runs, so that `npx vitest` alone tests what the sources say. */
export default buildKernels;
