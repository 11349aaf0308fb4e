import type { Engine, LayerStageOptions, VocabularyOptions } from "../engine.ts";
import { checkHelperOptions, checkLayerOptions, checkVocabularyOptions } from "../load-options.ts";
import type { StageHelperOptions } from "../stage-helper.ts";
import { loadLayerStage } from "./layer-stage.ts";
import { cacheBits, type SimdSettings } from "./settings.ts";
import { loadStageHelper } from "./stage-helper.ts";
import { loadVocabularyShard } from "./vocabulary-shard.ts";

/** Counts changes of the kernels or the executor after which a result's bits may differ. */
const VERSION = 1;

/**
 * The engine that serves: graphs compiled to kernel calls over one WASM memory per stage or shard. The builds of the
 * kernels are bit-equal, so the version does not tell which one runs.
 */
export function createSimdEngine(settings: SimdSettings): Engine {
  const kvBits = cacheBits(settings);
  return {
    name: "simd",
    version: `simd-${VERSION}/a${settings.activations}/kv${kvBits}`,
    activations: settings.activations,
    kvBits,
    async loadLayers(options: LayerStageOptions) {
      checkLayerOptions(options);
      return loadLayerStage(options, settings);
    },
    async loadHelper(options: StageHelperOptions) {
      checkHelperOptions(options);
      return loadStageHelper(options, settings);
    },
    async loadVocabulary(options: VocabularyOptions) {
      checkVocabularyOptions(options);
      return loadVocabularyShard(options, settings);
    },
  };
}
