import { create, fromBinary } from "@bufbuild/protobuf";
import { WeightsError } from "../errors.ts";
import { MAX_PIECES, PieceKind, type TokenizerData } from "../tokenizer-file.ts";
import {
  type ModelProto,
  ModelProtoSchema,
  NormalizerSpecSchema,
  TrainerSpec_ModelType,
  TrainerSpecSchema,
  ModelProto_SentencePiece_Type as Type,
} from "./sentencepiece_pb.ts";
import { checkBytePieces, ranksByScore, unlessMarker } from "./vocabulary.ts";

/** Gemma's tokenizer.model has 4 to 5 MB. */
export const MAX_SENTENCEPIECE_BYTES = 64 * 1024 * 1024;

/**
 * Reads a SentencePiece model (tokenizer.model) of the byte-pair kind with byte fallback and no text normalisation,
 * which is what every Gemma has; WeightsError names what else it found.
 */
export function readSentencePiece(bytes: Uint8Array): TokenizerData {
  if (bytes.length > MAX_SENTENCEPIECE_BYTES)
    throw new WeightsError(`tokenizer.model has ${bytes.length} bytes, more than ${MAX_SENTENCEPIECE_BYTES}`);
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new WeightsError("tokenizer.model is not a SentencePiece model", { cause });
  }
  checkSettings(model);
  const { pieces } = model;
  if (pieces.length === 0 || pieces.length > MAX_PIECES)
    throw new WeightsError(`tokenizer.model has ${pieces.length} pieces, expected 1 to ${MAX_PIECES}`);
  const kinds = Uint8Array.from(pieces, ({ piece, type }, id) => kindOf(piece, type, id));
  const texts = pieces.map(({ piece }) => piece);
  checkBytePieces(texts, kinds, "tokenizer.model");
  const scores = Float32Array.from(pieces, ({ score }) => score);
  return { texts, kinds, ranks: ranksByScore(scores, kinds, "tokenizer.model"), matchesRawText: false };
}

function checkSettings(model: ModelProto): void {
  const trainer = model.trainerSpec ?? create(TrainerSpecSchema);
  const normalizer = model.normalizerSpec ?? create(NormalizerSpecSchema);
  const refuse = (setting: string, found: unknown, expected: unknown) => {
    throw new WeightsError(`tokenizer.model has ${setting} ${found}; only ${expected} is supported`);
  };
  if (trainer.modelType !== TrainerSpec_ModelType.BPE) {
    const name = Object.entries(TrainerSpec_ModelType).find(([, value]) => value === trainer.modelType)?.[0];
    refuse("model_type", name ?? trainer.modelType, "BPE");
  }
  if (!trainer.byteFallback) refuse("byte_fallback", false, true);
  if (trainer.treatWhitespaceAsSuffix) refuse("treat_whitespace_as_suffix", true, false);
  if (normalizer.addDummyPrefix) refuse("add_dummy_prefix", true, false);
  if (normalizer.removeExtraWhitespaces) refuse("remove_extra_whitespaces", true, false);
  if (!normalizer.escapeWhitespaces) refuse("escape_whitespaces", false, true);
  for (const [setting, spec] of [
    ["normaliser", normalizer],
    ["denormaliser", model.denormalizerSpec],
  ] as const)
    if (spec && spec.precompiledCharsmap.length > 0)
      refuse(setting, `"${spec.name}" with a character map of ${spec.precompiledCharsmap.length} bytes`, '"identity"');
}

function kindOf(piece: string, type: Type, id: number): PieceKind {
  switch (type) {
    case Type.NORMAL:
      return PieceKind.normal;
    case Type.USER_DEFINED:
      return unlessMarker(piece, PieceKind.userDefined);
    case Type.CONTROL:
      return unlessMarker(piece, PieceKind.control);
    case Type.UNKNOWN:
      return PieceKind.unknown;
    case Type.BYTE:
      return PieceKind.byte;
    default:
      throw new WeightsError(`tokenizer.model: piece ${id} "${piece}" has type ${type}, which is not supported`);
  }
}
