import { callsText, functionsText, type MadeCall, resultText, type ShownFunction } from "./call-text.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** One message of a chat. `developer` means the same as `system`; `tool` is what a called function answered. */
export type ChatMessage =
  | { readonly role: "system" | "developer" | "user"; readonly content: string }
  | { readonly role: "assistant"; readonly content: string; readonly calls?: readonly MadeCall[] }
  | { readonly role: "tool"; readonly name: string; readonly content: string };

/** The functions that a model may call. */
export interface CallableTools {
  readonly functions: readonly ShownFunction[];
  /** An answer may call several. */
  readonly parallel: boolean;
}

const START_OF_TURN = "<start_of_turn>";
const END_OF_TURN = "<end_of_turn>";

/**
 * The prompt ids of a chat in Gemma's form: bos, then a turn a speaker, then the opening of the model's turn.
 * Contents are trimmed. Gemma knows no system role: such a text becomes part of the user's turn, before the text that
 * follows it. Neighbours of one speaker form one turn, a blank line between them. Markers are put in as ids, so content
 * that spells one stays text. Functions are told before everything else, and what they answer is said by the user.
 * WeightsError when the tokenizer lacks the markers.
 */
export function chatPrompt(
  tokenizer: Tokenizer,
  bos: number,
  messages: readonly ChatMessage[],
  tools?: CallableTools,
): number[] {
  const told: ChatMessage[] = tools
    ? [{ role: "system", content: functionsText(tools.functions, tools.parallel) }]
    : [];
  const startOfTurn = tokenizer.id(START_OF_TURN);
  const endOfTurn = tokenizer.id(END_OF_TURN);
  const newline = tokenizer.encode("\n");
  const spoken = turns([...told, ...messages]).flatMap(({ speaker, text }) =>
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
  for (const message of messages) {
    const speaker = message.role === "assistant" ? "model" : "user";
    const text = textOf(message);
    const last = merged.at(-1);
    if (last?.speaker === speaker) last.text = [last.text, text].filter((part) => part !== "").join("\n\n");
    else merged.push({ speaker, text });
  }
  return merged;
}

function textOf(message: ChatMessage): string {
  if (message.role === "tool") return resultText(message.name, message.content);
  const content = message.content.trim();
  if (message.role !== "assistant" || !message.calls?.length) return content;
  return [content, callsText(message.calls)].filter((part) => part !== "").join("\n\n");
}
