import { encodeTokenizerFile, PieceKind } from "../../../weights/tokenizer-file.ts";

const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);

/** In the order of their ranks. */
const normal = ["▁t", "he", "▁the", "in", "ing", "aa", "aaaa", "user", "model", "us", "er", "mo", "del", "de"];
const letters = [..."abcdefghijklmnopqrstuvwxyz▁<>_"];

const pieces: [text: string, kind: PieceKind, rank: number][] = [
  ["<pad>", PieceKind.control, 0],
  ["<eos>", PieceKind.control, 0],
  ["<bos>", PieceKind.control, 0],
  ["<unk>", PieceKind.unknown, 0],
  ["<start_of_turn>", PieceKind.marker, 0],
  ["<end_of_turn>", PieceKind.marker, 0],
  ["\n", PieceKind.userDefined, 0],
  ["\n\n", PieceKind.userDefined, 0],
  ["▁▁▁", PieceKind.userDefined, 0],
  ["<unused1>", PieceKind.userDefined, 0],
  ["<unused12>", PieceKind.userDefined, 0],
  ...bytes.map((text): [string, PieceKind, number] => [text, PieceKind.byte, 0]),
  ...[...normal, ...letters].map((text, rank): [string, PieceKind, number] => [text, PieceKind.normal, rank]),
];

export const smallVocabulary = {
  texts: pieces.map(([text]) => text),
  kinds: Uint8Array.from(pieces, ([, kind]) => kind),
  ranks: Uint32Array.from(pieces, ([, , rank]) => rank),
  matchesRawText: false,
};

/** A tokenizer file of a few hundred pieces, each there for a rule. */
export const smallTokenizerFile = encodeTokenizerFile(smallVocabulary);

export const idOf = (text: string) => smallVocabulary.texts.indexOf(text);

export const byteIds = (...values: number[]) => values.map((byte) => idOf(bytes[byte]!));
