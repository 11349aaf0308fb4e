import type { ExpectationOf } from "./expectations.ts";

/** Tokens of an answer that are asked for. */
export const MOST_ANSWER_TOKENS = 64;

/** How probable a model finds ids 1 … of a sequence, and in each place the most probable id; natural logarithms. */
export interface ScoredIds {
  readonly logprobs: readonly number[];
  readonly best: readonly number[];
}

/** What is checked: a served model or a model folder. Methods throw CannotAsk where it has no way to tell. */
export interface Subject {
  readonly name: string;
  score(ids: readonly number[]): Promise<ScoredIds>;
  /** What is wrong with the tokens it makes of a text, or null. */
  wrongTokens(expected: ExpectationOf<"tokens">): Promise<string | null>;
  /** What is wrong with the prompt it makes of a chat, or null. */
  wrongPrompt(expected: ExpectationOf<"template">): Promise<string | null>;
  /** The greedy answer to a chat, up to MOST_ANSWER_TOKENS tokens of it. */
  answer(messages: ExpectationOf<"answer">["messages"]): Promise<string>;
}

/** The subject offers no way to find out. */
export class CannotAsk extends Error {
  override readonly name = "CannotAsk";
}
