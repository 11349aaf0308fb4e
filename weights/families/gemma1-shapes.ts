import type { Architecture } from "../manifest.ts";

/** A matrix applied as x · matrixᵀ. */
export interface MatrixShape {
  readonly outputs: number;
  readonly columns: number;
}

export type LayerMatrix = "q_proj" | "k_proj" | "v_proj" | "o_proj" | "gate_proj" | "up_proj" | "down_proj";

/** The matrices of one Gemma 1 layer, in order of use. */
export function layerMatrices(architecture: Architecture): Record<LayerMatrix, MatrixShape> {
  const { hiddenSize, intermediateSize, numAttentionHeads, numKeyValueHeads, headDim } = architecture;
  const queryWidth = numAttentionHeads * headDim;
  const keyWidth = numKeyValueHeads * headDim;
  return {
    q_proj: { outputs: queryWidth, columns: hiddenSize },
    k_proj: { outputs: keyWidth, columns: hiddenSize },
    v_proj: { outputs: keyWidth, columns: hiddenSize },
    o_proj: { outputs: hiddenSize, columns: queryWidth },
    gate_proj: { outputs: intermediateSize, columns: hiddenSize },
    up_proj: { outputs: intermediateSize, columns: hiddenSize },
    down_proj: { outputs: hiddenSize, columns: intermediateSize },
  };
}

/** Numbers the model learned: the tied table once, the layers' matrices and the norms. */
export function parameterCount(architecture: Architecture): number {
  const { vocabSize, hiddenSize, numHiddenLayers } = architecture;
  const perLayer = Object.values(layerMatrices(architecture)).reduce(
    (sum, { outputs, columns }) => sum + outputs * columns,
    2 * hiddenSize,
  );
  return vocabSize * hiddenSize + numHiddenLayers * perLayer + hiddenSize;
}
