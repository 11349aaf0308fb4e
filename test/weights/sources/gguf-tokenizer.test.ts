import { describe, expect, it } from "vitest";
import { Tokenizer } from "../../../runtime/tokenizer/tokenizer.ts";
import { WeightsError } from "../../../weights/errors.ts";
import { GgufFile } from "../../../weights/sources/gguf-file.ts";
import { readGgufTokenizer } from "../../../weights/sources/gguf-tokenizer.ts";
import { encodeTokenizerFile, PieceKind } from "../../../weights/tokenizer-file.ts";
import { array, bool, encodeGguf, text, type Value } from "./gguf-writer.ts";
import { memoryBytes } from "./memory-bytes.ts";
import { smallTokenizerMetadata } from "./tiny-gguf.ts";

async function read(change: Record<string, Value | null> = {}) {
  const metadata = new Map<string, Value>(smallTokenizerMetadata());
  for (const [name, value] of Object.entries(change))
    if (value === null) metadata.delete(`tokenizer.ggml.${name}`);
    else metadata.set(`tokenizer.ggml.${name}`, value);
  const file = await GgufFile.over(memoryBytes("x.gguf", encodeGguf({ metadata: [...metadata], tensors: [] })));
  return readGgufTokenizer(file.fields);
}

const element = (name: string) => new Map(smallTokenizerMetadata()).get(`tokenizer.ggml.${name}`)!.value as unknown[];

describe("readGgufTokenizer", () => {
  it("reads pieces, kinds and ranks; spaces of user-defined tokens are bars, unused tokens at the end are left out", async () => {
    const { texts, kinds, ranks } = (await read())!;
    expect(texts.slice(0, 9)).toEqual([
      "<pad>",
      "<eos>",
      "<bos>",
      "<unk>",
      "<start_of_turn>",
      "<end_of_turn>",
      "\n",
      "▁▁",
      "▁▁▁",
    ]);
    const { special, marker, userDefined } = PieceKind;
    expect([...kinds.subarray(0, 8)]).toEqual([
      special,
      special,
      special,
      special,
      marker,
      marker,
      userDefined,
      userDefined,
    ]);
    expect(texts.slice(-7)).toEqual(["bc", "ab", "abc", "▁", "a", "b", "c"]);
    expect([...ranks.subarray(-7)]).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it("makes a tokenizer that merges by score and matches control tokens on demand only", async () => {
    const tokenizer = new Tokenizer(encodeTokenizerFile((await read())!));
    const id = (piece: string) => tokenizer.id(piece);
    expect(tokenizer.encode("abc  ab <bos>", { special: true })).toEqual(
      ["abc", "▁▁", "ab", "▁", "<bos>"].map((piece) => id(piece)),
    );
    expect(tokenizer.encode("<bos>")).not.toContain(id("<bos>"));
  });

  it("finds none in a file without one", async () => {
    expect(await read({ model: null })).toBeNull();
  });

  it("accepts files that do not say that no space is put first", async () => {
    expect(await read({ add_space_prefix: null })).toEqual(await read());
  });

  it.each<[string, Record<string, Value | null>]>([
    ["tokenizer.ggml.model is gpt2, expected llama", { model: text("gpt2") }],
    ["tokenizer.ggml.add_space_prefix is true, expected false", { add_space_prefix: bool(true) }],
    ["tokenizer.ggml.remove_extra_whitespaces is true", { remove_extra_whitespaces: bool(true) }],
    ["tokenizer.ggml.precompiled_charsmap is a character map", { precompiled_charsmap: array("u8", [1]) }],
    ["has no metadata tokenizer.ggml.tokens", { tokens: null }],
    ["has no metadata tokenizer.ggml.scores", { scores: null }],
    ["tokenizer.ggml.tokens is an array, expected an array of strings", { tokens: array("u8", [1]) }],
    ["tokenizer.ggml.scores has 1 elements, tokenizer.ggml.tokens has 274", { scores: array("f32", [1]) }],
    ["tokenizer.ggml.token_type has 0 elements", { token_type: array("i32", []) }],
    ["token_type[0] is 7, expected 1 to 6", { token_type: array("i32", element("token_type").with(0, 7)) }],
    ["no byte piece <0x00>", { tokens: array("string", element("tokens").with(9, "x")) }],
    ["piece 268 has no finite score", { scores: array("f32", element("scores").with(268, Number.NaN)) }],
  ])("refuses by name: %s", async (message, change) => {
    const error: unknown = await read(change).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WeightsError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).toMatch(/^x\.gguf/);
  });
});
