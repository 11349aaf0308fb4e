import type { Engine, LayerStageOptions, VocabularyOptions } from "../engine.ts";
import { InferenceError } from "../errors.ts";
import { checkLayerOptions, checkVocabularyOptions } from "../load-options.ts";
import type { StageHelperOptions } from "../stage-helper.ts";
import { loadLayerStage } from "./layer-stage.ts";
import { loadVocabularyShard } from "./vocabulary-shard.ts";

const splitsNothing = () =>
  new InferenceError("unsupported", "the ort engine does not split layers over objects: use the simd engine");

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
      if (options.split !== undefined) throw splitsNothing();
      return loadLayerStage(options, wasmModule);
    },
    async loadHelper(_options: StageHelperOptions) {
      throw splitsNothing();
    },
    async loadVocabulary(options: VocabularyOptions) {
      checkVocabularyOptions(options);
      return loadVocabularyShard(options, wasmModule);
    },
  };
}
