import { evenBits, type LayerBits } from "../families/layer-bits.ts";
import { type LayerMatrix, layerMatrices } from "../families/shapes.ts";
import type { Architecture } from "../manifest.ts";
import { QUANTISATION_BLOCK } from "./round.ts";

/** Bits a weight with its share of the block's fp16 scale. */
const SCALE_BITS = 16 / QUANTISATION_BLOCK;
export const LEAST_BITS_PER_WEIGHT = 4 + SCALE_BITS;
export const MOST_BITS_PER_WEIGHT = 8 + SCALE_BITS;

/** What 8 bits in place of 4 save in one matrix. */
export interface BitsGain {
  readonly layer: number;
  readonly matrix: LayerMatrix;
  /** Error taken away from the layer's rows, relative to them. */
  readonly gain: number;
}

/**
 * Bits of every layer's matrices under a mean of `bitsPerWeight` over all of them, scales counted: those with the
 * largest gain a weight get 8, as long as the budget lasts.
 */
export function chooseBits(architecture: Architecture, bitsPerWeight: number, gains: readonly BitsGain[]): LayerBits[] {
  const shapes = layerMatrices(architecture);
  const weightsOf = (matrix: LayerMatrix) => shapes[matrix].outputs * shapes[matrix].columns;
  const { numHiddenLayers } = architecture;
  const layerWeights = Object.values(shapes).reduce((sum, { outputs, columns }) => sum + outputs * columns, 0);
  // Rounded, since 5.7 − 4.5 is not 1.2 in binary.
  let spareBits = Math.round(numHiddenLayers * layerWeights * (bitsPerWeight - LEAST_BITS_PER_WEIGHT));
  const chosen: Record<LayerMatrix, 4 | 8>[] = Array.from({ length: numHiddenLayers }, () => ({ ...evenBits(4) }));
  const byGain = gains.toSorted((a, b) => b.gain / weightsOf(b.matrix) - a.gain / weightsOf(a.matrix));
  for (const { layer, matrix } of byGain) {
    const extraBits = weightsOf(matrix) * 4;
    if (extraBits > spareBits) continue;
    spareBits -= extraBits;
    chosen[layer]![matrix] = 8;
  }
  return chosen;
}
