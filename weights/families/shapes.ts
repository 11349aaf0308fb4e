import type { LayerPart } from "../layer-parts.ts";
import type { Architecture } from "../manifest.ts";

/** A matrix applied as x · matrixᵀ. */
export interface MatrixShape {
  readonly outputs: number;
  readonly columns: number;
}

export type LayerMatrix = "q_proj" | "k_proj" | "v_proj" | "o_proj" | "gate_proj" | "up_proj" | "down_proj";

/** The matrices of one layer, in order of use; the same in every family. Of a split layer, what one part has of them. */
export function layerMatrices(
  architecture: Architecture,
  part?: Pick<LayerPart, "heads" | "kvHeads" | "columns">,
): Record<LayerMatrix, MatrixShape> {
  const { hiddenSize, headDim } = architecture;
  const queryWidth = (part?.heads ?? architecture.numAttentionHeads) * headDim;
  const keyWidth = (part?.kvHeads ?? architecture.numKeyValueHeads) * headDim;
  const intermediateSize = part?.columns ?? architecture.intermediateSize;
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

/** Sizes of one layer's norm weights: over the hidden rows, and in Gemma 3 over the heads of queries and keys. */
export function layerNormSizes({ family, hiddenSize, headDim }: Architecture): readonly number[] {
  switch (family) {
    case "gemma1":
      return [hiddenSize, hiddenSize];
    case "gemma2":
      return new Array(4).fill(hiddenSize);
    case "gemma3_text":
      return [...new Array(4).fill(hiddenSize), headDim, headDim];
  }
}

/** Numbers the model learned: the tied table once, the layers' matrices and the norms. */
export function parameterCount(architecture: Architecture): number {
  const { vocabSize, hiddenSize, numHiddenLayers } = architecture;
  const matrices = Object.values(layerMatrices(architecture)).reduce(
    (sum, { outputs, columns }) => sum + outputs * columns,
    0,
  );
  const norms = layerNormSizes(architecture).reduce((sum, size) => sum + size, 0);
  return vocabSize * hiddenSize + numHiddenLayers * (matrices + norms) + hiddenSize;
}
