import { WeightsError } from "../errors.ts";
import { PieceKind } from "../tokenizer-file.ts";

/** Pieces that steer the model although checkpoints declare some of them as ordinary user-defined text. */
const MARKERS = new Set([
  "<start_of_turn>",
  "<end_of_turn>",
  "<start_of_image>",
  "<end_of_image>",
  "<image_soft_token>",
]);

/** `kind`, unless the piece is known to steer the model. */
export const unlessMarker = (text: string, kind: PieceKind): PieceKind => (MARKERS.has(text) ? PieceKind.marker : kind);

/** The text of a byte's piece. */
export const byteText = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;

/** Byte fallback needs each of the 256 bytes exactly once; throws a WeightsError that begins with `where`. */
export function checkBytePieces(texts: readonly string[], kinds: Uint8Array, where: string): void {
  const found = new Set(texts.filter((_, id) => kinds[id] === PieceKind.byte));
  for (let byte = 0; byte < 256; byte++)
    if (!found.delete(byteText(byte))) throw new WeightsError(`${where} has no byte piece ${byteText(byte)}`);
  if (found.size > 0) throw new WeightsError(`${where} has byte piece ${[...found][0]}, which is no byte`);
}

/**
 * Ranks of normal pieces by SentencePiece's scores: the pair whose piece scores highest merges first; equal scores share
 * a rank, so that the leftmost pair goes first. WeightsError, beginning with `where`, for a score that is not finite.
 */
export function ranksByScore(scores: Float32Array, kinds: Uint8Array, where: string): Uint32Array {
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  if (bad >= 0) throw new WeightsError(`${where}: piece ${bad} has no finite score`);
  const ranks = new Uint32Array(scores.length);
  const normal = [...scores.keys()].filter((id) => kinds[id] === PieceKind.normal);
  normal.sort((a, b) => scores[b]! - scores[a]!);
  let rank = 0;
  for (const [index, id] of normal.entries()) {
    if (index > 0 && scores[id] !== scores[normal[index - 1]!]) rank += 1;
    ranks[id] = rank;
  }
  return ranks;
}
