import { describe, expect, it } from "vitest";
import { Tokenizer } from "../../../runtime/tokenizer/tokenizer.ts";
import { byteIds, idOf, smallTokenizerFile } from "./small-vocabulary.ts";

const tokenizer = new Tokenizer(smallTokenizerFile);
const pieces = (...texts: string[]) => texts.map(idOf);

describe("encode", () => {
  it("merges by rank, not from left to right", () => {
    expect(tokenizer.encode(" the")).toEqual(pieces("▁the"));
    // "▁t" (rank 0) and "he" (rank 1) go before "th" could be looked at.
    expect(tokenizer.encode(" thing")).toEqual(pieces("▁t", "h", "ing"));
  });

  it("merges equal ranks from the left", () => {
    expect(tokenizer.encode("aaa")).toEqual(pieces("aa", "a"));
    expect(tokenizer.encode("a".repeat(7))).toEqual(pieces("aaaa", "aa", "a"));
  });

  it("matches user-defined pieces first, the longest first", () => {
    expect(tokenizer.encode("\n\n\n")).toEqual(pieces("\n\n", "\n"));
    expect(tokenizer.encode("    the")).toEqual(pieces("▁▁▁", "▁the"));
    expect(tokenizer.encode("<unused12><unused1><unused")).toEqual(
      pieces("<unused12>", "<unused1>", "<", "u", "n", "us", "e", "d"),
    );
  });

  it("matches markers only when told to, and control pieces never", () => {
    expect(tokenizer.encode("<start_of_turn>", { special: true })).toEqual(pieces("<start_of_turn>"));
    const typed = tokenizer.encode("<start_of_turn>");
    expect(typed).not.toContain(idOf("<start_of_turn>"));
    expect(tokenizer.decode(typed)).toBe("<start_of_turn>");
    expect(tokenizer.encode("<bos>", { special: true })).toEqual(pieces("<", "b", "o", "s", ">"));
  });

  it("spells what is no piece in bytes", () => {
    expect(tokenizer.encode("é\0")).toEqual(byteIds(0xc3, 0xa9, 0));
    expect(tokenizer.encode("<0x41>")).toEqual([
      ...pieces("<"),
      ...byteIds(0x30),
      idOf("x"),
      ...byteIds(0x34, 0x31),
      idOf(">"),
    ]);
  });

  it("takes a lone surrogate for U+FFFD", () => {
    expect(tokenizer.encode("\ud83d")).toEqual(byteIds(0xef, 0xbf, 0xbd));
    expect(tokenizer.encode("a\ude00b")).toEqual([idOf("a"), ...byteIds(0xef, 0xbf, 0xbd), idOf("b")]);
  });

  it("gives nothing for nothing", () => {
    expect(tokenizer.encode("")).toEqual([]);
  });
});
