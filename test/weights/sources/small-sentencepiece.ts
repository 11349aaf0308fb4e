import { create, toBinary } from "@bufbuild/protobuf";
import {
  ModelProtoSchema,
  TrainerSpec_ModelType,
  ModelProto_SentencePiece_Type as Type,
} from "../../../weights/sources/sentencepiece_pb.ts";
import { byteText } from "../../../weights/sources/vocabulary.ts";

/** A tokenizer.model of Gemma's form with few pieces. */
export const smallSentencePieceFile = toBinary(
  ModelProtoSchema,
  create(ModelProtoSchema, {
    pieces: [
      { piece: "<bos>", type: Type.CONTROL },
      { piece: "<unk>", type: Type.UNKNOWN },
      { piece: "<start_of_turn>", type: Type.USER_DEFINED },
      { piece: "\n", type: Type.USER_DEFINED },
      ...Array.from({ length: 256 }, (_, byte) => ({ piece: byteText(byte), type: Type.BYTE })),
      ...["ab", "bc", "abc", "a", "b", "c", "▁"].map((piece, index) => ({ piece, score: -index })),
    ],
    trainerSpec: { modelType: TrainerSpec_ModelType.BPE, byteFallback: true },
    normalizerSpec: { name: "identity", addDummyPrefix: false, removeExtraWhitespaces: false },
  }),
);
