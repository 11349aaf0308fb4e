import type { Engine, LayerStageOptions, VocabularyOptions } from "../engine.ts";
import { checkLayerOptions, checkVocabularyOptions } from "../load-options.ts";
import { loadLayerStage } from "./layer-stage.ts";
import { loadVocabularyShard } from "./vocabulary-shard.ts";

export interface OrtSettings {
  /** onnxruntime-web's `ort-wasm-simd-threaded.wasm`, compiled. */
  readonly wasmModule: WebAssembly.Module;
}

/**
 * onnxruntime-web as an engine: float32 throughout, slow (it unpacks every matrix at each call), the judge of shards and
 * kernels. Its products may round differently for one row than for several, so unlike the simd engine it does not
 * promise the same bits for every chunking.
 */
export function createOrtEngine({ wasmModule }: OrtSettings): Engine {
  return {
    name: "ort",
    version: "ort-1.30",
    activations: 32,
    kvBits: 32,
    async loadLayers(options: LayerStageOptions) {
      checkLayerOptions(options);
      return loadLayerStage(options, wasmModule);
    },
    async loadVocabulary(options: VocabularyOptions) {
      checkVocabularyOptions(options);
      return loadVocabularyShard(options, wasmModule);
    },
  };
}
