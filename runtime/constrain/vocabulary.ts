import { PieceKind } from "../../weights/tokenizer-file.ts";
import type { PieceTable } from "../tokenizer/piece-table.ts";
import { BAR, hasText, SPACE } from "./literal-costs.ts";
import { PIECES_PER_STEP, type PieceBytes } from "./piece-order.ts";
import { type PieceTrie, pieceTrie } from "./piece-trie.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** A vocabulary as constraints see it: the bytes that each piece adds to an answer. Control pieces add none and are left out. */
export class Vocabulary {
  /** Words of a mask over all pieces. */
  readonly words: number;
  /** All pieces with text. */
  readonly all: PieceTrie;
  /** Those that are more than whole plain characters of a JSON string: with quotes, escapes, control characters, single bytes. */
  readonly special: PieceTrie;
  readonly #bytes: Uint8Array;
  readonly #offsets: Uint32Array;
  /** Ids of plain pieces by their number of characters. */
  readonly #plain: ReadonlyMap<number, readonly number[]>;
  /** Masks of the plain pieces of at most so many characters. */
  readonly #plainMasks = new Map<number, Uint32Array>();
  readonly #longest: number;

  private constructor(
    { bytes, offsets }: PieceBytes,
    plain: Map<number, number[]>,
    all: PieceTrie,
    special: PieceTrie,
  ) {
    this.words = Math.ceil((offsets.length - 1) / 32);
    this.#bytes = bytes;
    this.#offsets = offsets;
    this.#plain = plain;
    this.#longest = Math.max(0, ...plain.keys());
    this.all = all;
    this.special = special;
  }

  /** Makes it in steps of a few milliseconds, since a large one takes a quarter of a second: others go on between them. */
  static *making(pieces: PieceTable): Generator<void, Vocabulary> {
    const text = yield* textBytes(pieces);
    const { bytes, offsets } = text;
    const plain = new Map<number, number[]>();
    const all: number[] = [];
    const special: number[] = [];
    for (let id = 0; id < pieces.count; id++) {
      if (id % PIECES_PER_STEP === 0) yield;
      if (offsets[id] === offsets[id + 1]) continue;
      all.push(id);
      const characters = hasText(pieces.kinds[id]!) ? plainCharacters(bytes, offsets[id]!, offsets[id + 1]!) : 0;
      if (characters === 0) {
        special.push(id);
        continue;
      }
      const same = plain.get(characters);
      if (same) same.push(id);
      else plain.set(characters, [id]);
    }
    const allTrie = yield* pieceTrie(text, Uint32Array.from(all));
    return new Vocabulary(text, plain, allTrie, yield* pieceTrie(text, Uint32Array.from(special)));
  }

  /** What token `id` adds to an answer; nothing where it is a control piece or none. */
  bytesOf(id: number): Uint8Array {
    const end = this.#offsets[id + 1] ?? 0;
    return this.#bytes.subarray(end === 0 ? 0 : this.#offsets[id], end);
  }

  /** One bit a piece that consists of 1 to `characters` plain characters of a JSON string; not to be changed. */
  plainMask(characters: number): Uint32Array {
    const limit = Math.min(characters, this.#longest);
    let mask = this.#plainMasks.get(limit);
    if (mask === undefined) {
      mask = new Uint32Array(this.words);
      for (const [length, ids] of this.#plain)
        if (length <= limit) for (const id of ids) mask[id >>> 5]! |= 1 << (id & 31);
      this.#plainMasks.set(limit, mask);
    }
    return mask;
  }
}

/** The text of every piece, ▁ as a space; of control pieces and markers, which must never be drawn, none. */
function* textBytes(pieces: PieceTable): Generator<void, PieceBytes> {
  const offsets = new Uint32Array(pieces.count + 1);
  let total = 0;
  for (let id = 0; id < pieces.count; id++) total += pieces.length(id);
  const bytes = new Uint8Array(total);
  let end = 0;
  for (let id = 0; id < pieces.count; id++) {
    if (id % PIECES_PER_STEP === 0) yield;
    const kind = pieces.kinds[id]!;
    if (kind === PieceKind.byte) bytes[end++] = byteOf(pieces.text(id));
    else if (hasText(kind)) {
      const length = pieces.length(id);
      for (let at = 0; at < length; at++) {
        const byte = pieces.byteAt(id, at);
        if (byte === BAR[0] && pieces.byteAt(id, at + 1) === BAR[1] && pieces.byteAt(id, at + 2) === BAR[2]) {
          bytes[end++] = SPACE;
          at += 2;
        } else bytes[end++] = byte;
      }
    }
    offsets[id + 1] = end;
  }
  return { bytes: bytes.slice(0, end), offsets };
}

/** <0xXX> */
const byteOf = (text: string) => Number.parseInt(text.slice(3, 5), 16);

/** Number of characters, or 0 when one of them is not plain. */
function plainCharacters(bytes: Uint8Array, start: number, end: number): number {
  let characters = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte < SPACE || byte === QUOTE || byte === BACKSLASH) return 0;
    if ((byte & 0xc0) !== 0x80) characters++;
  }
  return characters;
}
