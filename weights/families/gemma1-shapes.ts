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
