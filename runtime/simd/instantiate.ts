import { InferenceError } from "../errors.ts";
import type { Kernels } from "./kernels.ts";

/** The two builds of the kernels; whoever can read files or import `.wasm` injects them. */
export interface KernelModules {
  readonly relaxed: WebAssembly.Module;
  readonly simd128: WebAssembly.Module;
}

/** (func (result v128) (i16x8.relaxed_dot_i8x16_i7x16_s (v128.const 0) (v128.const 0))), a module of its own. */
const RELAXED_DOT_MODULE = [
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0, 10, 43, 1, 41, 0],
  ...[0xfd, 0x0c, ...new Array<number>(16).fill(0), 0xfd, 0x0c, ...new Array<number>(16).fill(0)],
  ...[0xfd, 0x92, 0x02, 0x0b],
];

/** Whether this machine's WebAssembly knows the relaxed integer dots. */
export function relaxedSimdSupported(): boolean {
  return WebAssembly.validate(new Uint8Array(RELAXED_DOT_MODULE));
}

/** The faster build that this machine runs; both give the same bits. */
export function chooseKernelModule(modules: KernelModules): WebAssembly.Module {
  return relaxedSimdSupported() ? modules.relaxed : modules.simd128;
}

/**
 * The kernels of `module` over `memory`, which the caller made at the exact size it planned. Rejects a memory or module
 * that does not fit with InferenceError "internal".
 */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  try {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    return exports as unknown as Kernels;
  } catch (cause) {
    throw new InferenceError(
      "internal",
      "The kernels could not be instantiated: expected runtime/simd/kernels/build/*.wasm of this revision and a memory of at least one page",
      { cause },
    );
  }
}
