import { PieceKind } from "../../weights/tokenizer-file.ts";
import { mergeBytePairs } from "./bpe.ts";
import { Detokenizer } from "./detokenizer.ts";
import { LiteralMatcher } from "./literal-matcher.ts";
import { PieceTable } from "./piece-table.ts";

export interface EncodeOptions {
  /** Also match the pieces that steer the model, such as <start_of_turn>. Never set for text a user typed. */
  readonly special?: boolean;
}

/** Text to token ids and back. Nothing is added or trimmed: no bos, no leading space. */
export class Tokenizer {
  readonly #pieces: PieceTable;
  readonly #literals: LiteralMatcher;
  readonly #literalsAndMarkers: LiteralMatcher;

  /** From the bytes of a model folder's tokenizer.bin, which it keeps; WeightsError when they are wrong. */
  constructor(file: Uint8Array) {
    this.#pieces = new PieceTable(file);
    this.#literals = new LiteralMatcher(this.#pieces, [PieceKind.userDefined]);
    this.#literalsAndMarkers = new LiteralMatcher(this.#pieces, [PieceKind.userDefined, PieceKind.marker]);
  }

  /** Ids are 0 … pieceCount − 1. */
  get pieceCount(): number {
    return this.#pieces.count;
  }

  /** The id of one piece by its text, for example "<start_of_turn>"; WeightsError when there is none. */
  id(piece: string): number {
    return this.#pieces.id(piece);
  }

  /** Token ids of a text. Lone surrogates count as U+FFFD. O(n log n) for n bytes, whatever the text. */
  encode(text: string, { special = false }: EncodeOptions = {}): number[] {
    const literals = special ? this.#literalsAndMarkers : this.#literals;
    const utf8 = new TextEncoder().encode(text.replaceAll(" ", "▁"));
    const ids: number[] = [];
    let mergedTo = 0;
    for (let at = 0; at < utf8.length; ) {
      const literal = literals.longestAt(utf8, at);
      if (literal < 0) {
        at += 1;
        continue;
      }
      mergeBytePairs(this.#pieces, utf8, mergedTo, at, ids);
      ids.push(literal);
      at += this.#pieces.length(literal);
      mergedTo = at;
    }
    mergeBytePairs(this.#pieces, utf8, mergedTo, utf8.length, ids);
    return ids;
  }

  /** The text of token ids; control pieces have none. RangeError for an id that is no piece. */
  decode(ids: Iterable<number>): string {
    const detokenizer = this.detokenizer();
    let text = "";
    for (const id of ids) text += detokenizer.push(id);
    return text + detokenizer.flush();
  }

  /** For text that comes token by token. */
  detokenizer(): Detokenizer {
    return new Detokenizer(this.#pieces);
  }
}
