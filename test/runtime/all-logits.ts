import type { LocalModel } from "../../runtime/local-model.ts";

/** All logits of a prompt, float32 [positions, vocabulary]. */
export async function allLogits(model: LocalModel, ids: readonly number[]): Promise<Float32Array> {
  const logits = new Float32Array(ids.length * model.manifest.architecture.vocabSize);
  let filled = 0;
  for await (const rows of model.logits(ids)) {
    logits.set(rows, filled);
    filled += rows.length;
  }
  return logits;
}
