import { WeightsError } from "../errors.ts";
import { PieceKind } from "../tokenizer-file.ts";

/** A longer text can be no piece; keeps the search for its halves short. */
const MAX_PIECE_CHARACTERS = 255;

/**
 * Ranks of normal pieces by a list of merges, first goes first. One rank a piece says all that the list says only if
 * it ranks every pair that makes a piece alike, lists all such pairs, and every character is a piece: checked for all
 * normal pieces, for which a WeightsError names the first exception. (Pieces of other kinds are matched whole.)
 */
export function ranksByMerges(
  texts: readonly string[],
  kinds: Uint8Array,
  merges: readonly (readonly [string, string])[],
): Uint32Array {
  const ids = new Map(texts.map((text, id) => [text, id]));
  const ranks = new Uint32Array(texts.length);
  const pairs = new Uint32Array(texts.length);
  let rank = 0;
  let latest = -1;
  for (const [index, [left, right]] of merges.entries()) {
    const id = ids.get(left + right);
    if (id === undefined || !ids.has(left) || !ids.has(right))
      refuse(`model.merges[${index}] joins "${left}" and "${right}" to "${left + right}", not all three are pieces`);
    if (kinds[id] !== PieceKind.normal) continue;
    if (id !== latest) {
      if (pairs[id]! > 0) refuse(`model.merges[${index}] makes "${texts[id]}", as earlier entries of another rank do`);
      ranks[id] = rank++;
      latest = id;
    }
    pairs[id]! += 1;
  }
  for (const [id, text] of texts.entries()) {
    if (kinds[id] !== PieceKind.normal) continue;
    if (text.length > MAX_PIECE_CHARACTERS) refuse(`piece ${id} has ${text.length} characters`);
    const expected = countSplits(text, ids);
    if (pairs[id] !== expected)
      refuse(`model.merges has ${pairs[id]} pairs that make "${text}", the vocabulary has ${expected}`);
  }
  return ranks;
}

/** In how many ways two pieces make the text. */
function countSplits(text: string, ids: ReadonlyMap<string, number>): number {
  let splits = 0;
  let at = 0;
  for (const character of text) {
    if (!ids.has(character)) refuse(`"${text}" is a piece, its character "${character}" is not`);
    if (at > 0 && ids.has(text.slice(0, at)) && ids.has(text.slice(at))) splits += 1;
    at += character.length;
  }
  return splits;
}

function refuse(what: string): never {
  throw new WeightsError(`tokenizer.json: ${what}`);
}
