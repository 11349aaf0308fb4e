import { layerShard } from "../families/layer.ts";
import { evenBits } from "../families/layer-bits.ts";
import type { LayerMatrix } from "../families/shapes.ts";
import type { Architecture } from "../manifest.ts";
import type { BitsGain } from "./mixed.ts";
import type { TrialLayers } from "./trial-layers.ts";

/**
 * Runs every layer once in 8 bits and once with each matrix in 4, over some hidden rows [tokens of all, hiddenSize] which
 * it changes. The gain of a matrix is the mean over tokens of ‖difference‖² / ‖row‖² of the layer's rows, so that the
 * few tokens of huge norm (the first of a sequence) count like any other.
 */
export async function measureGains(
  architecture: Architecture,
  trials: TrialLayers,
  hidden: Float32Array,
  sequenceTokens: readonly number[],
): Promise<BitsGain[]> {
  const gains: BitsGain[] = [];
  const exact = new Float32Array(hidden.length);
  const rounded = new Float32Array(hidden.length);
  const none = new Map();
  for (let layer = 0; layer < architecture.numHiddenLayers; layer++) {
    const shard = layerShard(architecture, layer, evenBits(8));
    await trials.run(shard, none, { layer, hidden, sequenceTokens, into: exact });
    for (const matrix of Object.keys(evenBits(8)) as LayerMatrix[]) {
      const bits = { ...evenBits(8), [matrix]: 4 as const };
      await trials.run(layerShard(architecture, layer, bits), none, { layer, hidden, sequenceTokens, into: rounded });
      gains.push({ layer, matrix, gain: relativeError(exact, rounded, architecture.hiddenSize) });
    }
    hidden.set(exact);
  }
  return gains;
}

function relativeError(exact: Float32Array, rounded: Float32Array, columns: number): number {
  const rows = exact.length / columns;
  let mean = 0;
  for (let row = 0; row < rows; row++) {
    let error = 0;
    let square = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) {
      const difference = rounded[i]! - exact[i]!;
      error += difference * difference;
      square += exact[i]! * exact[i]!;
    }
    if (square > 0) mean += error / square / rows;
  }
  return mean;
}
