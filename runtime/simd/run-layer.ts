import { WeightsError } from "../../weights/errors.ts";
import type { LayerRun, RunLayer } from "../../weights/quantise/run-layer.ts";
import type { LayerStage } from "../engine.ts";
import { checkLayerOptions } from "../load-options.ts";
import { loadLayerStage } from "./layer-stage.ts";
import type { SimdSettings } from "./settings.ts";

/** Rows fed at once. */
const CHUNK_ROWS = 64;

/** Runs a layer for calibration on the engine that will serve it; each call loads the layer's files. */
export function layerRunner(settings: Pick<SimdSettings, "kernels" | "activations">): RunLayer {
  return async (run) => {
    const { manifest, layer, onProductInput, lastProductInput } = run;
    const options = {
      manifest,
      source: {
        async open(path: string) {
          return new Blob([(await run.read(path)) as Uint8Array<ArrayBuffer>]).stream();
        },
      },
      firstLayer: layer,
      layerCount: 1,
      finalNorm: false,
      kvTokens: Math.max(...run.sequenceTokens),
      maxRows: CHUNK_ROWS,
    };
    checkLayerOptions(options);
    const stage = await loadLayerStage(options, {
      ...settings,
      ...(onProductInput && { onProductInput }),
      ...(lastProductInput && { lastProductInput }),
    });
    await runSequences(stage, run);
  };
}

async function runSequences(stage: LayerStage, { manifest, hidden, sequenceTokens, into }: LayerRun): Promise<void> {
  const { hiddenSize } = manifest.architecture;
  const allTokens = sequenceTokens.reduce((sum, tokens) => sum + tokens, 0);
  if (hidden.length !== allTokens * hiddenSize)
    throw new WeightsError(`${hidden.length} values are not ${allTokens} rows of ${hiddenSize}`);
  let first = 0;
  for (const tokens of sequenceTokens) {
    const slot = stage.openSession();
    for (let position = 0; position < tokens; position += CHUNK_ROWS) {
      const rows = Math.min(CHUNK_ROWS, tokens - position);
      const from = (first + position) * hiddenSize;
      const made = await stage.forward([{ slot, position, rows }], hidden.subarray(from, from + rows * hiddenSize));
      into?.set(made, from);
    }
    stage.closeSession(slot);
    first += tokens;
  }
}
