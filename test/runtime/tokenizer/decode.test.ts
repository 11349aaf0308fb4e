import { describe, expect, it } from "vitest";
import { Tokenizer } from "../../../runtime/tokenizer/tokenizer.ts";
import { byteIds, idOf, smallTokenizerFile } from "./small-vocabulary.ts";

const tokenizer = new Tokenizer(smallTokenizerFile);
const fromHex = (hex: string) => byteIds(...Buffer.from(hex, "hex"));

describe("decode", () => {
  // What SentencePiece 0.2.3 answers to the same byte pieces.
  it.each([
    ["e2", "\ufffd"],
    ["e296", "\ufffd\ufffd"],
    ["e29681", "▁"],
    ["c3a9c3", "é\ufffd"],
    ["eda080", "\ufffd\ufffd\ufffd"],
    ["f09f9880", "😀"],
    ["f09f98", "\ufffd\ufffd\ufffd"],
    ["f4908080", "\ufffd\ufffd\ufffd\ufffd"],
    ["c080ff", "\ufffd\ufffd\ufffd"],
    ["e2f09f9880", "\ufffd😀"],
    ["41e29642", "A\ufffd\ufffdB"],
    ["efbbbf41", "\ufeffA"],
    ["e08080", "\ufffd\ufffd\ufffd"],
  ])("bytes %s are %j", (hex, text) => {
    expect(tokenizer.decode(fromHex(hex))).toBe(text);
  });

  it("shows no control piece, a sign for the unknown one, and keeps the leading space", () => {
    expect(tokenizer.decode([idOf("<bos>"), idOf("▁the"), idOf("<eos>")])).toBe(" the");
    expect(tokenizer.decode([idOf("<unk>")])).toBe(" \u2047 ");
  });

  it("breaks a character off at any other piece", () => {
    expect(tokenizer.decode([...fromHex("e296"), idOf("a"), ...fromHex("81")])).toBe("\ufffd\ufffda\ufffd");
  });

  it("refuses an id that is no piece", () => {
    expect(() => tokenizer.decode([tokenizer.pieceCount])).toThrow(RangeError);
    expect(() => tokenizer.decode([-1])).toThrow(/token id -1/);
  });
});

describe("the streaming detokenizer", () => {
  it("holds bytes back until a character is whole", () => {
    const detokenizer = tokenizer.detokenizer();
    const texts = [...fromHex("f09f9880"), idOf("▁t")].map((id) => detokenizer.push(id));
    expect(texts).toEqual(["", "", "", "😀", " t"]);
    expect(detokenizer.flush()).toBe("");
  });

  it("gives, whatever the ids, the same text as decode", () => {
    let state = 1;
    const next = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let round = 0; round < 500; round++) {
      const ids = Array.from({ length: next(12) }, () =>
        next(3) === 0 ? next(tokenizer.pieceCount) : byteIds(next(256))[0]!,
      );
      const detokenizer = tokenizer.detokenizer();
      const streamed = ids.map((id) => detokenizer.push(id)).join("") + detokenizer.flush();
      expect(streamed, `${ids}`).toBe(tokenizer.decode(ids));
    }
  });
});
