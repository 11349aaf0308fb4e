import type { Tokenizer } from "./tokenizer.ts";

/** One message of a chat. `developer` means the same as `system`. */
export interface ChatMessage {
  readonly role: "system" | "developer" | "user" | "assistant";
  readonly content: string;
}

const START_OF_TURN = "<start_of_turn>";
const END_OF_TURN = "<end_of_turn>";

/**
 * The prompt ids of a chat in Gemma's form: bos, then a turn a speaker, then the opening of the model's turn.
 * Contents are trimmed. Gemma knows no system role: such a text becomes part of the user's turn, before the text that
 * follows it. Neighbours of one speaker form one turn, a blank line between them. Markers are put in as ids, so content
 * that spells one stays text. WeightsError when the tokenizer lacks the markers.
 */
export function chatPrompt(tokenizer: Tokenizer, bos: number, messages: readonly ChatMessage[]): number[] {
  const startOfTurn = tokenizer.id(START_OF_TURN);
  const endOfTurn = tokenizer.id(END_OF_TURN);
  const newline = tokenizer.encode("\n");
  const spoken = turns(messages).flatMap(({ speaker, text }) =>
    [startOfTurn].concat(tokenizer.encode(`${speaker}\n${text}`), endOfTurn, newline),
  );
  return [bos].concat(spoken, startOfTurn, tokenizer.encode("model\n"));
}

interface Turn {
  readonly speaker: "user" | "model";
  text: string;
}

function turns(messages: readonly ChatMessage[]): Turn[] {
  const merged: Turn[] = [];
  for (const { role, content } of messages) {
    const speaker = role === "assistant" ? "model" : "user";
    const text = content.trim();
    const last = merged.at(-1);
    if (last?.speaker === speaker) last.text = [last.text, text].filter((part) => part !== "").join("\n\n");
    else merged.push({ speaker, text });
  }
  return merged;
}
