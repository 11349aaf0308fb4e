import { WeightsError } from "../errors.ts";
import { MAX_PIECES, PieceKind, type TokenizerData } from "../tokenizer-file.ts";
import type { GgufFields } from "./gguf-fields.ts";
import { checkBytePieces, ranksByScore, unlessMarker } from "./vocabulary.ts";

/** Types of llama.cpp's tokens, which are SentencePiece's. */
const TokenType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

const key = (name: string) => `tokenizer.ggml.${name}`;

/**
 * The tokenizer in a GGUF file's metadata, of SentencePiece's byte-pair kind (llama.cpp calls it "llama"); null when the
 * file has none. Unused tokens at the end, which only fill up the table, are left out. As in llama.cpp, control tokens
 * can be matched in a text where the caller allows it; otherwise texts become ids as by Hugging Face's tokenizers, which
 * the models were published with. A WeightsError names the key that is not as expected.
 */
export function readGgufTokenizer(fields: GgufFields): TokenizerData | null {
  if (!fields.has(key("model"))) return null;
  checkSettings(fields);
  const stored = fields.strings(key("tokens"));
  const types = fields.numbers(key("token_type"));
  const scores = fields.numbers(key("scores"));
  const refuse = (what: string): never => {
    throw new WeightsError(`${fields.path}: metadata ${what}`);
  };
  if (stored.length > MAX_PIECES)
    refuse(`${key("tokens")} has ${stored.length} elements, at most ${MAX_PIECES} are allowed`);
  for (const [name, found] of [
    ["token_type", types.length],
    ["scores", scores.length],
  ] as const)
    if (found !== stored.length) refuse(`${key(name)} has ${found} elements, ${key("tokens")} has ${stored.length}`);
  const count = types.findLastIndex((type) => type !== TokenType.unused) + 1;
  const kinds = Uint8Array.from(
    { length: count },
    (_, id) =>
      kindOf(stored[id]!, types[id]!) ?? refuse(`${key("token_type")}[${id}] is ${types[id]}, expected 1 to 6`),
  );
  const texts = stored
    .slice(0, count)
    .map((text, id) => (kinds[id] === PieceKind.userDefined ? text.replaceAll(" ", "▁") : text));
  checkBytePieces(texts, kinds, `${fields.path}: metadata ${key("tokens")}`);
  const ranks = ranksByScore(
    Float32Array.from(scores.slice(0, count)),
    kinds,
    `${fields.path}: metadata ${key("scores")}`,
  );
  return { texts, kinds, ranks, matchesRawText: true };
}

function kindOf(text: string, type: number): PieceKind | undefined {
  switch (type) {
    case TokenType.normal:
      return PieceKind.normal;
    case TokenType.userDefined:
      return unlessMarker(text, PieceKind.userDefined);
    case TokenType.unknown:
    case TokenType.control:
      return unlessMarker(text, PieceKind.special);
    case TokenType.unused:
      return PieceKind.control;
    case TokenType.byte:
      return PieceKind.byte;
    default:
      return undefined;
  }
}

/** Settings that change which ids a text has. Older files leave some out; no Gemma has them otherwise. */
function checkSettings(fields: GgufFields): void {
  const refuse = (name: string, found: unknown, expected: unknown) => {
    throw new WeightsError(`${fields.path}: metadata ${key(name)} is ${found}, expected ${expected}`);
  };
  const model = fields.string(key("model"));
  if (model !== "llama") refuse("model", model, "llama");
  for (const name of ["add_space_prefix", "remove_extra_whitespaces"])
    if (fields.has(key(name)) && fields.boolean(key(name))) refuse(name, true, false);
  if (fields.has(key("precompiled_charsmap")) && fields.numbers(key("precompiled_charsmap")).length > 0)
    refuse("precompiled_charsmap", "a character map", "none");
}
