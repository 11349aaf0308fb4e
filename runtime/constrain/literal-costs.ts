import { PieceKind } from "../../weights/tokenizer-file.ts";
import type { PieceTable } from "../tokenizer/piece-table.ts";
import type { LiteralCosts } from "./expression.ts";

const MAX_PIECE_BYTES = 64;
export const SPACE = 0x20;
/** ▁, which stands for a space in pieces. */
export const BAR = [0xe2, 0x96, 0x81] as const;

/** The least number of pieces that spell a literal from each of its bytes on: a piece for a single byte there always is. */
export function literalCosts(pieces: PieceTable): LiteralCosts {
  return (bytes) => {
    const { barred, starts } = withBars(bytes);
    const costs = new Uint16Array(bytes.length + 1);
    for (let from = bytes.length - 1; from >= 0; from--) {
      let least = 1 + costs[from + 1]!;
      for (let to = from + 2; to <= bytes.length && to - from <= MAX_PIECE_BYTES; to++) {
        if (1 + costs[to]! >= least) continue;
        const id = pieces.find(barred, starts[from]!, starts[to]!);
        if (id >= 0 && hasText(pieces.kinds[id]!)) least = 1 + costs[to]!;
      }
      costs[from] = least;
    }
    return costs;
  };
}

/** Pieces that stand in an answer as the text they are made of. */
export const hasText = (kind: number) => kind === PieceKind.normal || kind === PieceKind.userDefined;

/** Bytes as pieces spell them, and where each of the bytes, and the end, lies among them. */
function withBars(bytes: Uint8Array): { barred: Uint8Array; starts: number[] } {
  const barred: number[] = [];
  const starts: number[] = [];
  for (const byte of bytes) {
    starts.push(barred.length);
    if (byte === SPACE) barred.push(...BAR);
    else barred.push(byte);
  }
  return { barred: Uint8Array.from(barred), starts: [...starts, barred.length] };
}
