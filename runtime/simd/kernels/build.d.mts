/** Compiles build/relaxed.wasm and build/simd128.wasm unless they are there for these sources. */
export function buildKernels(): Promise<void>;
