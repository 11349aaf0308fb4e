import { loadKernelModules } from "../../../../cli/kernel-modules.ts";
import { instantiateKernels } from "../../../../runtime/simd/instantiate.ts";
import type { Kernels } from "../../../../runtime/simd/kernels.ts";
import { createReferenceKernels } from "../../../../runtime/simd/reference/reference-kernels.ts";
import { Arena } from "./arena.ts";

const modules = await loadKernelModules();

const IMPLEMENTATIONS: Readonly<Record<string, (memory: WebAssembly.Memory) => Kernels>> = {
  reference: createReferenceKernels,
  relaxed: (memory) => instantiateKernels(modules.relaxed, memory),
  simd128: (memory) => instantiateKernels(modules.simd128, memory),
};

const DEFAULT_MEGABYTES = 4;

export function createArena(implementation: string, megabytes = DEFAULT_MEGABYTES): Arena {
  return new Arena(megabytes, IMPLEMENTATIONS[implementation]!);
}

/** What `run` gives on each implementation, each on a memory of its own. */
export function onEach<Result>(run: (arena: Arena) => Result, megabytes = DEFAULT_MEGABYTES): Record<string, Result> {
  return Object.fromEntries(Object.keys(IMPLEMENTATIONS).map((name) => [name, run(createArena(name, megabytes))]));
}

/** Runs on each implementation, requires that all give the same bits (any NaN equals any other) and returns them. */
export function onEachAlike(run: (arena: Arena) => Float32Array, megabytes = DEFAULT_MEGABYTES): Float32Array {
  const results = onEach((arena) => run(arena).slice(), megabytes);
  for (const [name, result] of Object.entries(results)) requireSameBits(result, results.reference!, name);
  return results.reference!;
}

/** Throws with the first difference unless both hold the same bits. */
export function requireSameBits(actual: Float32Array, expected: Float32Array, name: string): void {
  if (actual.length !== expected.length) throw new Error(`${name}: ${actual.length} values, not ${expected.length}`);
  for (const [i, value] of actual.entries()) {
    if (!Object.is(value, expected[i])) throw new Error(`${name}: value ${i} is ${value}, not ${expected[i]}`);
  }
}
