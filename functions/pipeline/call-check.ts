import { InferenceError } from "../../runtime/errors.ts";
import type { Model } from "../model.ts";
import type { GenerateCall } from "./generation-call.ts";

/** A call that this pipeline cannot run: InferenceError wrong_pipeline or unsupported. */
export function checkCall({ manifestHash, promptIds, maxTokens }: GenerateCall, model: Model): void {
  const { vocabSize, maxPositionEmbeddings } = model.manifest.architecture;
  if (manifestHash !== model.manifestHash) {
    throw new InferenceError(
      "wrong_pipeline",
      `the prompt was tokenised for manifest ${manifestHash}, this conductor serves ${model.manifestHash}`,
    );
  }
  if (promptIds.length === 0 || !Number.isInteger(maxTokens) || maxTokens < 0) {
    throw new InferenceError(
      "unsupported",
      "a generation needs at least one prompt token and a count of tokens to draw",
    );
  }
  if (promptIds.length + maxTokens > maxPositionEmbeddings) {
    throw new InferenceError(
      "unsupported",
      `${promptIds.length} prompt tokens and ${maxTokens} more do not fit the context of ${maxPositionEmbeddings}`,
    );
  }
  const stray = promptIds.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize);
  if (stray !== undefined) {
    throw new InferenceError("unsupported", `token id ${stray} is not in the vocabulary of ${vocabSize}`);
  }
}
