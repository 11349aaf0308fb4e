import { WeightsError } from "./errors.ts";
import type { Manifest } from "./manifest.ts";
import type { CheckpointConfig } from "./sources/huggingface.ts";
import type { TokenizerData } from "./tokenizer-file.ts";

const START_OF_TURN = "<start_of_turn>";
const END_OF_TURN = "<end_of_turn>";

/** `undefined`: decide by the checkpoint. */
export type ChatTemplateChoice = "gemma" | "none" | undefined;

/**
 * Which chat template the model was tuned for, and the ids that end its answers. A base model's tokenizer has the turn
 * markers too: it counts as tuned when its generation stops on end_of_turn or its tokenizer came with a template.
 */
export function describeTurns(
  { architecture, eosTokenIds, hasChatTemplate }: CheckpointConfig,
  tokenizer: TokenizerData | null,
  choice: ChatTemplateChoice,
): Pick<Manifest, "chatTemplate"> & { stop: number[] } {
  const endOfTurn = tokenizer?.texts.indexOf(END_OF_TURN) ?? -1;
  const hasMarkers = endOfTurn >= 0 && tokenizer!.texts.includes(START_OF_TURN);
  if (choice === "gemma" && !hasMarkers)
    throw new WeightsError(`the chat template gemma needs a tokenizer with ${START_OF_TURN} and ${END_OF_TURN}`);
  const tuned = choice === "gemma" || (choice === undefined && (eosTokenIds.includes(endOfTurn) || hasChatTemplate));
  const chatTemplate = hasMarkers && tuned ? "gemma" : null;
  const stop = [...new Set([...eosTokenIds, ...(chatTemplate === null ? [] : [endOfTurn])])];
  const outside = stop.find((id) => id >= architecture.vocabSize);
  if (outside !== undefined)
    throw new WeightsError(`generation should stop on id ${outside}, the vocabulary has ${architecture.vocabSize} ids`);
  return { chatTemplate, stop };
}
