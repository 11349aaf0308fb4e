import { describe, expect, it } from "vitest";
import { Tokenizer } from "../../../runtime/tokenizer/tokenizer.ts";
import { WeightsError } from "../../../weights/errors.ts";
import { readTokenizerJson } from "../../../weights/sources/tokenizer-json.ts";
import { encodeTokenizerFile, PieceKind } from "../../../weights/tokenizer-file.ts";
import { type JsonTree, smallTokenizerJson } from "./small-tokenizer-json.ts";

const encode = (json: JsonTree) => new TextEncoder().encode(JSON.stringify(json));

function changed(change: (json: JsonTree) => unknown): Uint8Array {
  const json = smallTokenizerJson();
  change(json);
  return encode(json);
}

describe("readTokenizerJson", () => {
  it("reads pieces, kinds and one rank a piece", () => {
    const { texts, kinds, ranks } = readTokenizerJson(encode(smallTokenizerJson()));
    const found = (text: string) => [kinds[texts.indexOf(text)], ranks[texts.indexOf(text)]];
    expect(found("<bos>")).toEqual([PieceKind.special, 0]);
    expect(found("<start_of_turn>")).toEqual([PieceKind.marker, 0]);
    expect(found("▁▁")).toEqual([PieceKind.userDefined, 0]);
    expect(found("<0x41>")).toEqual([PieceKind.byte, 0]);
    expect(["ab", "bc", "abc"].map((text) => found(text))).toEqual([
      [PieceKind.normal, 1],
      [PieceKind.normal, 0],
      [PieceKind.normal, 2],
    ]);
    expect(texts.at(-1)).toBe("<image_soft_token>");
  });

  it("reads merges written as one text like those written as two", () => {
    const joined = changed(({ model }) => {
      model.merges = model.merges.map((pair: string[]) => pair.join(" "));
    });
    expect(readTokenizerJson(joined)).toEqual(readTokenizerJson(encode(smallTokenizerJson())));
  });

  it("leaves out added tokens that the model has no rows for", () => {
    const all = readTokenizerJson(encode(smallTokenizerJson())).texts;
    expect(readTokenizerJson(encode(smallTokenizerJson()), all.length - 1).texts).toEqual(all.slice(0, -1));
  });

  it("makes a tokenizer that matches special pieces on demand only, and literal pieces in the raw text", () => {
    const tokenizer = new Tokenizer(encodeTokenizerFile(readTokenizerJson(encode(smallTokenizerJson()))));
    const id = (text: string) => tokenizer.id(text);
    expect(tokenizer.encode("<bos>abc", { special: true })).toEqual([id("<bos>"), id("abc")]);
    expect(tokenizer.encode("<bos>")).not.toContain(id("<bos>"));
    // Hugging Face finds the ▁▁ as typed before it turns the space into a third ▁.
    expect(tokenizer.encode("▁▁ ")).toEqual([id("▁▁"), id("▁")]);
    expect(tokenizer.encode(" ▁▁")).toEqual([id("▁"), id("▁▁")]);
    expect(tokenizer.encode("   ")).toEqual([id("▁▁▁")]);
    expect(tokenizer.decode([id("<bos>"), id("▁▁"), id("abc")])).toBe("  abc");
  });

  it.each<[string, (json: JsonTree) => unknown]>([
    ["model.type|type", ({ model }) => Object.assign(model, { type: "Unigram" })],
    ["byte_fallback", ({ model }) => Object.assign(model, { byte_fallback: false })],
    ["dropout", ({ model }) => Object.assign(model, { dropout: 0.1 })],
    ["ignore_merges", ({ model }) => Object.assign(model, { ignore_merges: true })],
    ["normalizer", (json) => Object.assign(json, { normalizer: { type: "NFKC" } })],
    ["pre_tokenizer", (json) => Object.assign(json, { pre_tokenizer: { type: "ByteLevel" } })],
    ["decoders", ({ decoder }) => decoder.decoders.push({ type: "Strip", content: " ", start: 1, stop: 0 })],
    ["lstrip", ({ added_tokens }) => Object.assign(added_tokens[0]!, { lstrip: true })],
    ["Unrecognized key", (json) => Object.assign(json, { surprise: 1 })],
    ["no byte piece <0x41>", ({ model }) => rename(model.vocab, "<0x41>", "A")],
    ["model.vocab is not an object", ({ model }) => Object.assign(model, { vocab: [] })],
    ['"a" has id -1', ({ model }) => Object.assign(model.vocab, { a: -1 })],
    ['"a" has id "7"', ({ model }) => Object.assign(model.vocab, { a: "7" })],
    ['"a" has id 1e\\+300|"a" has id 1000000', ({ model }) => Object.assign(model.vocab, { a: 1_000_000 })],
    ["both have id", ({ model }) => Object.assign(model.vocab, { a: model.vocab.b })],
    ["added_tokens says that id", ({ added_tokens }) => Object.assign(added_tokens[0]!, { content: "<eos>" })],
    ["model.merges is not a list", ({ model }) => Object.assign(model, { merges: {} })],
    ['model.merges\\[0\\] is \\["a"\\]', ({ model }) => model.merges.unshift(["a"])],
    ["not all three are pieces", ({ model }) => model.merges.push(["a", "a"])],
    ['model.merges has 1 pairs that make "abc"', ({ model }) => model.merges.pop()],
    ['makes "bc", as earlier entries', ({ model }) => model.merges.push(["b", "c"])],
    ['its character "b" is not', ({ model }) => rename(Object.assign(model, { merges: [] }).vocab, "b", "β")],
  ])("refuses by name: %s", (message, change) => {
    const read = () => readTokenizerJson(changed(change));
    expect(read).toThrow(WeightsError);
    expect(read).toThrow(new RegExp(message));
    expect(read).toThrow(/^tokenizer\.json/);
  });

  it("refuses what is not JSON", () => {
    expect(() => readTokenizerJson(Uint8Array.of(0x7b, 0xff))).toThrow("not JSON");
    expect(() => readTokenizerJson(encode([]))).toThrow(WeightsError);
  });
});

function rename(vocab: Record<string, number>, from: string, to: string): void {
  vocab[to] = vocab[from]!;
  delete vocab[from];
}
