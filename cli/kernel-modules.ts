import { readFile } from "node:fs/promises";
import type { KernelModules } from "../runtime/simd/instantiate.ts";
import { buildKernels } from "../runtime/simd/kernels/build.mjs";

const buildFolder = new URL("../runtime/simd/kernels/build/", import.meta.url);

/** Both builds of the kernels for Node, compiled from their sources first when those have changed. */
export async function loadKernelModules(): Promise<KernelModules> {
  await buildKernels();
  const compile = async (name: string) => WebAssembly.compile(await readFile(new URL(name, buildFolder)));
  return { relaxed: await compile("relaxed.wasm"), simd128: await compile("simd128.wasm") };
}
