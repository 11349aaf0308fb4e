import { describe, expect, it } from "vitest";
import { PieceTable } from "../../runtime/tokenizer/piece-table.ts";
import { WeightsError } from "../../weights/errors.ts";
import { decodeTokenizerFile, encodeTokenizerFile, PieceKind } from "../../weights/tokenizer-file.ts";
import { smallTokenizerFile, smallVocabulary } from "../runtime/tokenizer/small-vocabulary.ts";

describe("the tokenizer file", () => {
  it("gives back what was written, from any address in memory", () => {
    const shifted = new Uint8Array(smallTokenizerFile.length + 1).subarray(1);
    shifted.set(smallTokenizerFile);
    for (const bytes of [smallTokenizerFile, shifted]) {
      const table = decodeTokenizerFile(bytes);
      const texts = Array.from({ length: table.count }, (_, id) =>
        new TextDecoder().decode(table.utf8.subarray(table.offsets[id], table.offsets[id + 1])),
      );
      expect(texts).toEqual(smallVocabulary.texts);
      expect(table.kinds).toEqual(smallVocabulary.kinds);
      expect(table.ranks).toEqual(smallVocabulary.ranks);
    }
  });

  it("is refused at every length but its own", () => {
    for (let length = 0; length < smallTokenizerFile.length; length += 97)
      expect(() => decodeTokenizerFile(smallTokenizerFile.subarray(0, length))).toThrow(WeightsError);
    const longer = new Uint8Array(smallTokenizerFile.length + 1);
    longer.set(smallTokenizerFile);
    expect(() => decodeTokenizerFile(longer)).toThrow(/its header says/);
  });

  it.each([
    ["another magic", 0, /LAPT/],
    ["a later version", 4, /version/],
    ["a rank out of range", 16 + 3, /rank/],
    ["an unknown kind", 16 + 4 * smallVocabulary.texts.length, /kind/],
    ["broken text", smallTokenizerFile.length - 1, /UTF-8/],
  ])("is refused with %s", (_, at, message) => {
    const bytes = smallTokenizerFile.slice();
    bytes[at] = 0xff;
    expect(() => decodeTokenizerFile(bytes)).toThrow(message);
  });

  it("is not written with an empty or overlong piece", () => {
    const one = (text: string) => ({
      ...smallVocabulary,
      texts: [text],
      kinds: Uint8Array.of(PieceKind.normal),
      ranks: Uint32Array.of(0),
    });
    expect(() => encodeTokenizerFile(one(""))).toThrow(/0 bytes/);
    expect(() => encodeTokenizerFile(one("é".repeat(128)))).toThrow(/256 bytes/);
    expect(decodeTokenizerFile(encodeTokenizerFile(one("é".repeat(127)))).count).toBe(1);
  });

  it("is refused as a vocabulary when a piece occurs twice or a byte is missing", () => {
    const with_ = (id: number, text: string) =>
      encodeTokenizerFile({ ...smallVocabulary, texts: smallVocabulary.texts.with(id, text) });
    expect(() => new PieceTable(with_(0, "\n"))).toThrow(/twice/);
    expect(() => new PieceTable(with_(smallVocabulary.texts.indexOf("<0x07>"), "bell"))).toThrow(/<0x07>/);
  });
});
