import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { WeightsError } from "../../../weights/errors.ts";
import { readSentencePiece } from "../../../weights/sources/sentencepiece.ts";
import {
  type ModelProto,
  ModelProtoSchema,
  TrainerSpec_ModelType,
  ModelProto_SentencePiece_Type as Type,
} from "../../../weights/sources/sentencepiece_pb.ts";
import { PieceKind } from "../../../weights/tokenizer-file.ts";

const bytePieces = Array.from({ length: 256 }, (_, byte) => ({
  piece: `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
  type: Type.BYTE,
}));

const trainerSpec = { modelType: TrainerSpec_ModelType.BPE, byteFallback: true };
const normalizerSpec = { name: "identity", addDummyPrefix: false, removeExtraWhitespaces: false };

type Settings = Exclude<MessageInitShape<typeof ModelProtoSchema>, ModelProto>;

function modelFile(change: Settings = {}): Uint8Array {
  const pieces = [
    { piece: "<bos>", type: Type.CONTROL },
    { piece: "<unk>", type: Type.UNKNOWN },
    { piece: "<start_of_turn>", type: Type.USER_DEFINED },
    { piece: "\n", type: Type.USER_DEFINED },
    ...bytePieces,
    { piece: "b", score: -3 },
    { piece: "a", score: -1 },
    { piece: "ab", score: -0 },
    { piece: "c", score: -3 },
  ];
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { pieces, trainerSpec, normalizerSpec, ...change }));
}

describe("readSentencePiece", () => {
  it("reads pieces, kinds and ranks; equal scores share a rank", () => {
    const { texts, kinds, ranks } = readSentencePiece(modelFile());
    expect(texts.slice(0, 4)).toEqual(["<bos>", "<unk>", "<start_of_turn>", "\n"]);
    expect([...kinds.subarray(0, 5)]).toEqual([
      PieceKind.control,
      PieceKind.unknown,
      PieceKind.marker,
      PieceKind.userDefined,
      PieceKind.byte,
    ]);
    expect(texts.slice(-4)).toEqual(["b", "a", "ab", "c"]);
    expect([...ranks.subarray(-4)]).toEqual([2, 1, 0, 2]);
  });

  it.each([
    ["model_type UNIGRAM", { trainerSpec: { ...trainerSpec, modelType: TrainerSpec_ModelType.UNIGRAM } }],
    ["byte_fallback false", { trainerSpec: { ...trainerSpec, byteFallback: false } }],
    ["treat_whitespace_as_suffix true", { trainerSpec: { ...trainerSpec, treatWhitespaceAsSuffix: true } }],
    ["add_dummy_prefix true", { normalizerSpec: { ...normalizerSpec, addDummyPrefix: true } }],
    ["remove_extra_whitespaces true", { normalizerSpec: { ...normalizerSpec, removeExtraWhitespaces: true } }],
    ["escape_whitespaces false", { normalizerSpec: { ...normalizerSpec, escapeWhitespaces: false } }],
    [
      'normaliser "nmt_nfkc"',
      { normalizerSpec: { ...normalizerSpec, name: "nmt_nfkc", precompiledCharsmap: Uint8Array.of(1) } },
    ],
    ["no byte piece <0x00>", { pieces: [{ piece: "a" }] }],
    ["which is no byte", { pieces: [...bytePieces, { piece: "<0x100>", type: Type.BYTE }] }],
    ["type 5", { pieces: [...bytePieces, { piece: "a", type: Type.UNUSED }] }],
    ["no finite score", { pieces: [...bytePieces, { piece: "a", score: Number.NaN }] }],
    ["0 pieces", { pieces: [] }],
  ])("refuses %s by name", (found, change) => {
    const read = () => readSentencePiece(modelFile(change));
    expect(read).toThrow(WeightsError);
    expect(read).toThrow(found);
  });

  it("refuses a model whose settings are absent, since the format's defaults are not Gemma's", () => {
    const bare = toBinary(ModelProtoSchema, create(ModelProtoSchema, { pieces: bytePieces }));
    expect(() => readSentencePiece(bare)).toThrow("model_type UNIGRAM");
  });

  it("refuses what is no protobuf message", () => {
    expect(() => readSentencePiece(Uint8Array.of(0xff, 0xff, 0xff))).toThrow("not a SentencePiece model");
  });
});
