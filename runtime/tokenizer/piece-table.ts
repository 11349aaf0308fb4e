import { WeightsError } from "../../weights/errors.ts";
import { decodeTokenizerFile, PieceKind, type TokenizerTable } from "../../weights/tokenizer-file.ts";

/** At least this many; 262,144 pieces and some more still take 2 MiB. */
const SLOTS_PER_PIECE = 1.5;

/** The pieces of a vocabulary, by id and by text. About 15 bytes a piece beside the file itself, no objects. */
export class PieceTable {
  readonly count: number;
  readonly kinds: Uint8Array;
  readonly ranks: Uint32Array;
  readonly matchesRawText: boolean;
  /** Token id of each byte's fallback piece. */
  readonly byteIds: Uint32Array;
  readonly #table: TokenizerTable;
  /** Open addressing by a hash of the text: token id + 1, 0 where free. */
  readonly #slots: Uint32Array;

  /** WeightsError when the file is wrong, a piece occurs twice or a byte has no piece. */
  constructor(file: Uint8Array) {
    this.#table = decodeTokenizerFile(file);
    this.count = this.#table.count;
    this.kinds = this.#table.kinds;
    this.ranks = this.#table.ranks;
    this.matchesRawText = this.#table.matchesRawText;
    const { utf8, offsets } = this.#table;
    this.#slots = new Uint32Array(1 << (32 - Math.clz32(this.count * SLOTS_PER_PIECE)));
    const mask = this.#slots.length - 1;
    for (let id = 0; id < this.count; id++) {
      const start = offsets[id]!;
      const end = offsets[id + 1]!;
      let slot = hash(utf8, start, end) & mask;
      for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask)
        if (this.#spells(this.#slots[slot]! - 1, utf8, start, end))
          throw new WeightsError(`tokenizer file: piece "${this.text(id)}" occurs twice`);
      this.#slots[slot] = id + 1;
    }
    this.byteIds = Uint32Array.from({ length: 256 }, (_, byte) => this.#byteId(byte));
  }

  /** The id of the piece spelt by bytes start … end − 1 of `utf8`, or −1. */
  find(utf8: Uint8Array, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash(utf8, start, end) & mask; ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot]! - 1;
      if (id < 0 || this.#spells(id, utf8, start, end)) return id;
    }
  }

  /** The id of the piece with this text; WeightsError when there is none. */
  id(text: string): number {
    const utf8 = new TextEncoder().encode(text);
    const id = this.find(utf8, 0, utf8.length);
    if (id < 0) throw new WeightsError(`the tokenizer has no piece "${text}"`);
    return id;
  }

  /** UTF-8 of a piece, as stored (▁ for a space). */
  bytes(id: number): Uint8Array {
    if (!(id >= 0 && id < this.count))
      throw new RangeError(`token id ${id} is not one of the tokenizer's ${this.count} pieces`);
    return this.#table.utf8.subarray(this.#table.offsets[id], this.#table.offsets[id + 1]);
  }

  /** Bytes of a piece; `id` must be one. */
  length(id: number): number {
    return this.#table.offsets[id + 1]! - this.#table.offsets[id]!;
  }

  /** One byte of a piece; `at` must be below its length. */
  byteAt(id: number, at: number): number {
    return this.#table.utf8[this.#table.offsets[id]! + at]!;
  }

  text(id: number): string {
    return new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(this.bytes(id));
  }

  #spells(id: number, utf8: Uint8Array, start: number, end: number): boolean {
    const from = this.#table.offsets[id]!;
    if (this.#table.offsets[id + 1]! - from !== end - start) return false;
    for (let at = start; at < end; at++) if (this.#table.utf8[from + at - start] !== utf8[at]) return false;
    return true;
  }

  #byteId(byte: number): number {
    const text = `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
    const id = this.id(text);
    if (this.kinds[id] !== PieceKind.byte)
      throw new WeightsError(`tokenizer file: piece ${text} is not marked as a byte`);
    return id;
  }
}

/** FNV-1a over 32 bits, its high bits folded into the low ones that pick the slot. */
function hash(utf8: Uint8Array, start: number, end: number): number {
  let state = 0x811c9dc5;
  for (let at = start; at < end; at++) state = Math.imul(state ^ utf8[at]!, 0x01000193);
  return state ^ (state >>> 15);
}
