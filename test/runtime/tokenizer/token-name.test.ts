import { expect, it } from "vitest";
import { Tokenizer } from "../../../runtime/tokenizer/tokenizer.ts";
import { byteIds, idOf, smallTokenizerFile } from "./small-vocabulary.ts";

const tokenizer = new Tokenizer(smallTokenizerFile);

it.each([
  [idOf("▁the"), " the", [0x20, 0x74, 0x68, 0x65]],
  [idOf("▁▁▁"), "   ", [0x20, 0x20, 0x20]],
  [idOf("\n"), "\n", [0x0a]],
  [byteIds(0x0a)[0]!, "bytes:\\x0a", [0x0a]],
  [byteIds(0xe2)[0]!, "bytes:\\xe2", [0xe2]],
  [idOf("<end_of_turn>"), "<end_of_turn>", [..."<end_of_turn>"].map((letter) => letter.charCodeAt(0))],
  [idOf("<eos>"), "<eos>", null],
  [idOf("<unk>"), "<unk>", null],
])("piece %d is shown as %j", (id, text, bytes) => {
  expect(tokenizer.name(id)).toEqual({ text, bytes });
});

it("shows different pieces differently", () => {
  const names = Array.from({ length: tokenizer.pieceCount }, (_, id) => tokenizer.name(id).text);
  expect(new Set(names).size).toBe(tokenizer.pieceCount);
});

it("refuses an id that is no piece", () => {
  expect(() => tokenizer.name(tokenizer.pieceCount)).toThrow(RangeError);
});
