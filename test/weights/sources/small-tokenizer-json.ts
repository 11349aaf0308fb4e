import { byteText } from "../../../weights/sources/vocabulary.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests break it in every place
export type JsonTree = any;

const replace = (from: string, to: string) => ({ type: "Replace", pattern: { String: from }, content: to });
const added = (id: number, content: string, special: boolean) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special,
});

/** The JSON of a tokenizer.json of Gemma's form with few pieces. */
export function smallTokenizerJson(): JsonTree {
  const special = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"];
  const userDefined = ["\n", "\n\n", "▁▁", "▁▁▁"];
  const bytes = Array.from({ length: 256 }, (_, byte) => byteText(byte));
  const texts = [...special, ...userDefined, ...bytes, "bc", "ab", "abc", "▁", "a", "b", "c"];
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [
      ...special.map((text, id) => added(id, text, true)),
      ...userDefined.map((text, index) => added(special.length + index, text, false)),
      added(texts.length, "<image_soft_token>", true),
    ],
    normalizer: replace(" ", "▁"),
    pre_tokenizer: { type: "Split", pattern: { String: " " }, behavior: "MergedWithPrevious", invert: false },
    post_processor: null,
    decoder: { type: "Sequence", decoders: [replace("▁", " "), { type: "ByteFallback" }, { type: "Fuse" }] },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: "<unk>",
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: Object.fromEntries(texts.map((text, id) => [text, id])),
      merges: [
        ["▁▁", "▁"],
        ["▁", "▁▁"],
        ["▁", "▁"],
        ["b", "c"],
        ["a", "b"],
        ["a", "bc"],
        ["ab", "c"],
      ],
    },
  };
}
