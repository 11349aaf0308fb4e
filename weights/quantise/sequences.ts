import { WeightsError } from "../errors.ts";
import type { Architecture } from "../manifest.ts";
import type { CheckpointTensors } from "../sources/checkpoint.ts";

/** Embedding rows of all sequences, one after the other, scaled as the table's shards scale them. */
export async function embedSequences(
  sequences: readonly (readonly number[])[],
  tensors: CheckpointTensors,
  { hiddenSize, vocabSize }: Architecture,
): Promise<Float32Array> {
  const ids = sequences.flat();
  if (ids.length === 0) throw new WeightsError("the calibration text has no tokens");
  const factor = Math.sqrt(hiddenSize);
  const hidden = new Float32Array(ids.length * hiddenSize);
  const row = new Float32Array(hiddenSize);
  for (const [index, id] of ids.entries()) {
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize)
      throw new WeightsError(`calibration token ${id} is not in the vocabulary, 0 … ${vocabSize - 1}`);
    await tensors.readRows("model.embed_tokens.weight", id, row);
    for (let i = 0; i < hiddenSize; i++) hidden[index * hiddenSize + i] = row[i]! * factor;
  }
  return hidden;
}
