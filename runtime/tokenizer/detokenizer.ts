import { PieceKind } from "../../weights/tokenizer-file.ts";
import type { PieceTable } from "./piece-table.ts";
import { Utf8Assembler } from "./utf8-assembler.ts";

/** What SentencePiece shows for the unknown piece. */
const UNKNOWN_SURFACE = " \u2047 ";

/** Turns token ids into text as they come. The pieces of all `push` calls and `flush` together are what `decode` gives. */
export class Detokenizer {
  readonly #pieces: PieceTable;
  readonly #bytes = new Utf8Assembler();

  constructor(pieces: PieceTable) {
    this.#pieces = pieces;
  }

  /** The text that `id` completes; empty while a character's bytes are still to come. RangeError for an id that is no piece. */
  push(id: number): string {
    const piece = this.#pieces.bytes(id);
    switch (this.#pieces.kinds[id]) {
      case PieceKind.byte:
        // <0xXX>
        return this.#bytes.push(Number.parseInt(String.fromCharCode(piece[3]!, piece[4]!), 16));
      case PieceKind.control:
      case PieceKind.special:
        return this.#bytes.flush();
      case PieceKind.unknown:
        return this.#bytes.flush() + UNKNOWN_SURFACE;
      default:
        return this.#bytes.flush() + this.#pieces.text(id).replaceAll("▁", " ");
    }
  }

  /** What is left at the end: U+FFFD for every byte that belongs to no whole character. */
  flush(): string {
    return this.#bytes.flush();
  }
}
