import type { PieceTable } from "./piece-table.ts";

/** Finds the longest of a set of pieces at a place in a text. */
export class LiteralMatcher {
  readonly #pieces: PieceTable;
  /** Ids of the set in byte order of their texts, so that those with a common beginning are neighbours. */
  readonly #sorted: Uint32Array;
  /** Ids whose text begins with byte b are #sorted[#firstByte[b]] … #sorted[#firstByte[b + 1] − 1]. */
  readonly #firstByte = new Uint32Array(257);

  constructor(pieces: PieceTable, kinds: readonly number[]) {
    this.#pieces = pieces;
    const ids: number[] = [];
    for (let id = 0; id < pieces.count; id++) if (kinds.includes(pieces.kinds[id]!)) ids.push(id);
    this.#sorted = Uint32Array.from(ids.sort((a, b) => compareBytes(pieces.bytes(a), pieces.bytes(b))));
    for (const id of this.#sorted) this.#firstByte[pieces.byteAt(id, 0) + 1]! += 1;
    for (let byte = 0; byte < 256; byte++) this.#firstByte[byte + 1]! += this.#firstByte[byte]!;
  }

  /** The id of the longest piece of the set that `utf8` holds at `start`, or −1. */
  longestAt(utf8: Uint8Array, start: number): number {
    let low = this.#firstByte[utf8[start]!]!;
    let high = this.#firstByte[utf8[start]! + 1]!;
    let longest = -1;
    for (let length = 1; low < high; length++) {
      const shortest = this.#sorted[low]!;
      if (this.#pieces.length(shortest) === length) {
        longest = shortest;
        low += 1;
      }
      if (start + length >= utf8.length) break;
      const byte = utf8[start + length]!;
      low = this.#lowerBound(low, high, length, byte);
      high = this.#lowerBound(low, high, length, byte + 1);
    }
    return longest;
  }

  /** The first place in #sorted[low … high − 1] whose text has a byte ≥ `byte` at `at`; all of them are longer than `at`. */
  #lowerBound(low: number, high: number, at: number, byte: number): number {
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#pieces.byteAt(this.#sorted[middle]!, at) < byte) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const common = Math.min(a.length, b.length);
  for (let at = 0; at < common; at++) if (a[at] !== b[at]) return a[at]! - b[at]!;
  return a.length - b.length;
}
