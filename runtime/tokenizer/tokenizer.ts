import { PieceKind } from "../../weights/tokenizer-file.ts";
import { mergeBytePairs } from "./bpe.ts";
import { Detokenizer } from "./detokenizer.ts";
import { LiteralMatcher } from "./literal-matcher.ts";
import { PieceTable } from "./piece-table.ts";
import { type TokenName, tokenName } from "./token-name.ts";

export interface EncodeOptions {
  /** Also match the pieces that steer the model, such as <start_of_turn>. Never set for text a user typed. */
  readonly special?: boolean;
}

/** Stands for a space in pieces. */
const BAR = "▁";

const decodeUtf8 = (bytes: Uint8Array) => new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(bytes);

/** Text to token ids and back. Nothing is added or trimmed: no bos, no leading space. */
export class Tokenizer {
  readonly pieces: PieceTable;
  readonly #literals: LiteralMatcher;
  readonly #literalsAndMarkers: LiteralMatcher;

  /** From the bytes of a model folder's tokenizer.bin, which it keeps; WeightsError when they are wrong. */
  constructor(file: Uint8Array) {
    this.pieces = new PieceTable(file);
    this.#literals = new LiteralMatcher(this.pieces, [PieceKind.userDefined]);
    this.#literalsAndMarkers = new LiteralMatcher(this.pieces, [
      PieceKind.userDefined,
      PieceKind.marker,
      PieceKind.special,
    ]);
  }

  /** Ids are 0 … pieceCount − 1. */
  get pieceCount(): number {
    return this.pieces.count;
  }

  /** The id of one piece by its text, for example "<start_of_turn>"; WeightsError when there is none. */
  id(piece: string): number {
    return this.pieces.id(piece);
  }

  /** How a single token is shown. RangeError for an id that is no piece. */
  name(id: number): TokenName {
    return tokenName(this.pieces, id);
  }

  /** Token ids of a text. Lone surrogates count as U+FFFD. O(n log n) for n bytes, whatever the text. */
  encode(text: string, { special = false }: EncodeOptions = {}): number[] {
    const literals = special ? this.#literalsAndMarkers : this.#literals;
    const ids: number[] = [];
    const encodeWithBars = (part: string) => {
      const utf8 = new TextEncoder().encode(part.replaceAll(" ", BAR));
      this.#cutAtLiterals(literals, utf8, ids, (start, end) => mergeBytePairs(this.pieces, utf8, start, end, ids));
    };
    if (!this.pieces.matchesRawText || !text.includes(BAR + BAR)) encodeWithBars(text);
    else {
      const raw = new TextEncoder().encode(text);
      this.#cutAtLiterals(literals, raw, ids, (start, end) => encodeWithBars(decodeUtf8(raw.subarray(start, end))));
    }
    return ids;
  }

  /** The text of token ids; control pieces have none. RangeError for an id that is no piece. */
  decode(ids: Iterable<number>): string {
    const detokenizer = this.detokenizer();
    let text = "";
    for (const id of ids) text += detokenizer.push(id);
    return text + detokenizer.flush();
  }

  /** Appends the ids of literal pieces; what lies between them goes to `encodeRest` in turn. */
  #cutAtLiterals(
    literals: LiteralMatcher,
    utf8: Uint8Array,
    ids: number[],
    encodeRest: (start: number, end: number) => void,
  ): void {
    let restFrom = 0;
    for (let at = 0; at < utf8.length; ) {
      const literal = literals.longestAt(utf8, at);
      if (literal < 0) {
        at += 1;
        continue;
      }
      encodeRest(restFrom, at);
      ids.push(literal);
      at += this.pieces.length(literal);
      restFrom = at;
    }
    encodeRest(restFrom, utf8.length);
  }

  /** For text that comes token by token. */
  detokenizer(): Detokenizer {
    return new Detokenizer(this.pieces);
  }
}
