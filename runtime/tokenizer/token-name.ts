import { PieceKind } from "../../weights/tokenizer-file.ts";
import type { PieceTable } from "./piece-table.ts";

/** How a single token is shown; different tokens have different texts. */
export interface TokenName {
  /** What the token adds to a text; `bytes:\xe2` for a byte of a character, its own name for one without text. */
  readonly text: string;
  /** UTF-8 that the token adds; null for a token without text. */
  readonly bytes: readonly number[] | null;
}

/** The name of piece `id`. RangeError for an id that is no piece. */
export function tokenName(pieces: PieceTable, id: number): TokenName {
  const piece = pieces.text(id);
  switch (pieces.kinds[id]) {
    case PieceKind.byte: {
      // <0xXX>
      const hex = piece.slice(3, 5);
      return { text: `bytes:\\x${hex.toLowerCase()}`, bytes: [Number.parseInt(hex, 16)] };
    }
    case PieceKind.control:
    case PieceKind.special:
    case PieceKind.unknown:
      return { text: piece, bytes: null };
    default: {
      const text = piece.replaceAll("▁", " ");
      return { text, bytes: [...new TextEncoder().encode(text)] };
    }
  }
}
