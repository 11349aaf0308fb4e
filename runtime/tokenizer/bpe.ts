import { MAX_PIECE_BYTES, PieceKind } from "../../weights/tokenizer-file.ts";
import { MergeQueue } from "./merge-queue.ts";
import type { PieceTable } from "./piece-table.ts";

const NONE = -1;

/**
 * Splits bytes start … end − 1 of `utf8` (whole characters) into pieces by byte-pair encoding, as SentencePiece does:
 * again and again the adjacent pair that forms the piece of the lowest rank is joined, the leftmost first. A character
 * that is no piece becomes its bytes. O(n log n) for n characters. Appends token ids to `ids`.
 */
export function mergeBytePairs(pieces: PieceTable, utf8: Uint8Array, start: number, end: number, ids: number[]): void {
  if (start === end) return;
  const { starts, count } = characterStarts(utf8, start, end);
  const next = Int32Array.from({ length: count }, (_, symbol) => (symbol + 1 < count ? symbol + 1 : NONE));
  const previous = Int32Array.from({ length: count }, (_, symbol) => symbol - 1);
  const merged = new Uint8Array(count);
  const queue = new MergeQueue(2 * count);

  const endOf = (symbol: number) => (next[symbol] === NONE ? end : starts[next[symbol]!]!);
  const offer = (left: number) => {
    const from = starts[left]!;
    const to = endOf(next[left]!);
    if (to - from > MAX_PIECE_BYTES) return;
    const id = pieces.find(utf8, from, to);
    if (id >= 0 && pieces.kinds[id] === PieceKind.normal) queue.push(pieces.ranks[id]!, left, to);
  };

  for (let symbol = 0; symbol + 1 < count; symbol++) offer(symbol);
  while (queue.size > 0) {
    const [left, to] = queue.pop();
    const right = next[left]!;
    // Either neighbour may have been joined with another since the pair was offered.
    if (merged[left] || right === NONE || endOf(right) !== to) continue;
    merged[right] = 1;
    next[left] = next[right]!;
    if (next[left] !== NONE) {
      previous[next[left]!] = left;
      offer(left);
    }
    if (previous[left] !== NONE) offer(previous[left]!);
  }
  for (let symbol = 0; symbol !== NONE; symbol = next[symbol]!) {
    const id = pieces.find(utf8, starts[symbol]!, endOf(symbol));
    if (id >= 0 && pieces.kinds[id] === PieceKind.normal) ids.push(id);
    else for (let at = starts[symbol]!; at < endOf(symbol); at++) ids.push(pieces.byteIds[utf8[at]!]!);
  }
}

/** Where each character begins. */
function characterStarts(utf8: Uint8Array, start: number, end: number): { starts: Uint32Array; count: number } {
  const starts = new Uint32Array(end - start);
  let count = 0;
  for (let at = start; at < end; at++) if ((utf8[at]! & 0xc0) !== 0x80) starts[count++] = at;
  return { starts, count };
}
