import { expect, test } from "vitest";
import { readGemmaConfig } from "../../weights/sources/gemma-config.ts";
import type { CheckpointConfig } from "../../weights/sources/huggingface.ts";
import type { TokenizerData } from "../../weights/tokenizer-file.ts";
import { type ChatTemplateChoice, describeTurns } from "../../weights/turns.ts";
import { tinyConfig } from "./tiny-checkpoint.ts";

const END_OF_TURN = 107;
const plain: TokenizerData = {
  texts: Array.from({ length: 200 }, (_, id) => `piece ${id}`),
  kinds: new Uint8Array(200),
  ranks: new Uint32Array(200),
  matchesRawText: false,
};
const withTurns: TokenizerData = {
  ...plain,
  texts: plain.texts.with(106, "<start_of_turn>").with(END_OF_TURN, "<end_of_turn>"),
};
const checkpoint = (change: Partial<CheckpointConfig> = {}): CheckpointConfig => ({
  ...readGemmaConfig(tinyConfig, "config.json"),
  generationDefaults: { temperature: 1, topP: 0.95, topK: 64 },
  hasChatTemplate: false,
  ...change,
});
const tuned = { chatTemplate: "gemma", stop: [1, END_OF_TURN] };
const base = { chatTemplate: null, stop: [1] };

test.each<[string, Partial<CheckpointConfig>, TokenizerData | null, ChatTemplateChoice, object]>([
  ["a base model, though its tokenizer knows turns", {}, withTurns, undefined, base],
  ["generation stops on end_of_turn", { eosTokenIds: [1, END_OF_TURN] }, withTurns, undefined, tuned],
  ["the tokenizer came with a template", { hasChatTemplate: true }, withTurns, undefined, tuned],
  ["a template, but no turn markers", { hasChatTemplate: true }, plain, undefined, base],
  ["no tokenizer", { hasChatTemplate: true }, null, undefined, base],
  ["asked for", {}, withTurns, "gemma", tuned],
  ["asked not to", { hasChatTemplate: true }, withTurns, "none", base],
])("%s", (_, change, tokenizer, choice, expected) => {
  expect(describeTurns(checkpoint(change), tokenizer, choice)).toEqual(expected);
});

test("a template that the tokenizer cannot write is refused", () => {
  expect(() => describeTurns(checkpoint(), plain, "gemma")).toThrow(/needs a tokenizer with <start_of_turn>/);
});

test("a stop id outside the vocabulary is refused", () => {
  expect(() => describeTurns(checkpoint({ eosTokenIds: [5000] }), withTurns, undefined)).toThrow(
    /stop on id 5000, the vocabulary has 1088/,
  );
});
