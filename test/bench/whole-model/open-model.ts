import { FolderSource, readManifest } from "../../../cli/folder-source.ts";
import { loadKernelModules } from "../../../cli/kernel-modules.ts";
import type { KvBits } from "../../../runtime/engine.ts";
import { LocalModel, type LocalModelOptions } from "../../../runtime/local-model.ts";
import { createSimdEngine } from "../../../runtime/simd/engine.ts";
import { instantiateKernels, type KernelModules } from "../../../runtime/simd/instantiate.ts";
import type { Kernels } from "../../../runtime/simd/kernels.ts";

export type EngineBuild = keyof KernelModules;
export const ENGINE_BUILDS: readonly EngineBuild[] = ["relaxed", "simd128"];

export interface BenchModelOptions extends Pick<LocalModelOptions, "stages" | "vocabularyShards"> {
  readonly build: EngineBuild;
  /** Tokens of KV cache. */
  readonly kvTokens: number;
  /** Rows of a prompt fed at once. */
  readonly chunkRows: number;
  /** Bits of a number in the KV cache; left out, the engine's own choice. */
  readonly kvBits?: KvBits | undefined;
  /** May put something between the executor and its kernels. */
  readonly wrap?: (kernels: Kernels) => Kernels;
}

/** A model folder in this process, on one build of the kernels, with 8-bit activations as they are served. */
export async function openBenchModel(folder: string, options: BenchModelOptions): Promise<LocalModel> {
  const { build, kvBits, wrap = (kernels) => kernels, ...rest } = options;
  const module = (await loadKernelModules())[build];
  const engine = createSimdEngine({
    ...{ activations: 8, kvBits },
    kernels: (memory) => wrap(instantiateKernels(module, memory)),
  });
  const manifest = await readManifest(folder);
  return LocalModel.open({ manifest, source: new FolderSource(folder), engine, ...rest });
}
