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

/** Gemma's tokenizer.model has 4 to 5 MB. */
export const MAX_SENTENCEPIECE_BYTES = 64 * 1024 * 1024;

/** Pieces that steer the model although checkpoints declare some of them as ordinary user-defined text. */
const MARKERS = new Set([
  "<start_of_turn>",
  "<end_of_turn>",
  "<start_of_image>",
  "<end_of_image>",
  "<image_soft_token>",
]);

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
  checkBytes(pieces, kinds);
  return { texts: pieces.map(({ piece }) => piece), kinds, ranks: ranksByScore(pieces, kinds) };
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
      return MARKERS.has(piece) ? PieceKind.marker : PieceKind.userDefined;
    case Type.CONTROL:
      return MARKERS.has(piece) ? PieceKind.marker : PieceKind.control;
    case Type.UNKNOWN:
      return PieceKind.unknown;
    case Type.BYTE:
      return PieceKind.byte;
    default:
      throw new WeightsError(`tokenizer.model: piece ${id} "${piece}" has type ${type}, which is not supported`);
  }
}

/** Byte fallback needs each of the 256 bytes exactly once. */
function checkBytes(pieces: ModelProto["pieces"], kinds: Uint8Array): void {
  const found = new Set(pieces.filter((_, id) => kinds[id] === PieceKind.byte).map(({ piece }) => piece));
  for (let byte = 0; byte < 256; byte++) {
    const text = `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
    if (!found.delete(text)) throw new WeightsError(`tokenizer.model has no byte piece ${text}`);
  }
  if (found.size > 0) throw new WeightsError(`tokenizer.model has byte piece ${[...found][0]}, which is no byte`);
}

/** SentencePiece merges the pair whose piece scores highest; equal scores share a rank, so that the leftmost pair goes first. */
function ranksByScore(pieces: ModelProto["pieces"], kinds: Uint8Array): Uint32Array {
  const ranks = new Uint32Array(pieces.length);
  const scores = Float32Array.from(pieces, ({ score }) => score);
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  if (bad >= 0) throw new WeightsError(`tokenizer.model: piece ${bad} has no finite score`);
  const normal = [...pieces.keys()]
    .filter((id) => kinds[id] === PieceKind.normal)
    .sort((a, b) => scores[b]! - scores[a]!);
  let rank = 0;
  for (const [index, id] of normal.entries()) {
    if (index > 0 && scores[id] !== scores[normal[index - 1]!]) rank += 1;
    ranks[id] = rank;
  }
  return ranks;
}
