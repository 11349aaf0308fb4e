/** The kernels of quantisation; quantise-kernels.ts says what they do. */
export function compileQuantiseKernels(): Promise<WebAssembly.Module>;
