import { WeightsError } from "./errors.ts";

/** What a piece is to the encoder; the numbers are those of the file. */
export const PieceKind = {
  /** Made by merging. */
  normal: 0,
  /** Matched as a whole wherever it occurs in a text, before any merging. */
  userDefined: 1,
  /** Like userDefined, but steers the model (a turn begins, a turn ends): matched only where the caller allows it. */
  marker: 2,
  /** Never matched in a text, never shown (bos, eos, pad). */
  control: 3,
  unknown: 4,
  /** One byte, written <0xXX>. */
  byte: 5,
  /** Never shown, like control, but matched where the caller allows it, as Hugging Face and llama.cpp match <bos>. */
  special: 6,
} as const;
export type PieceKind = (typeof PieceKind)[keyof typeof PieceKind];

/** A byte-pair-encoding vocabulary without text normalisation except that a space is written ▁ (U+2581). */
export interface TokenizerData {
  /** By token id. */
  readonly texts: readonly string[];
  readonly kinds: Uint8Array;
  /** Of normal pieces: which merge goes first, lowest first. 0 elsewhere. */
  readonly ranks: Uint32Array;
  /**
   * Pieces that are matched as a whole are looked for in the raw text, before spaces become ▁ (Hugging Face tokenizers),
   * instead of after (SentencePiece). Matters for texts that hold runs of ▁ themselves.
   */
  readonly matchesRawText: boolean;
}

/** A decoded tokenizer file: flat arrays over one block of memory, no string a piece. */
export interface TokenizerTable {
  readonly count: number;
  readonly kinds: Uint8Array;
  readonly ranks: Uint32Array;
  readonly matchesRawText: boolean;
  /** UTF-8 of all pieces; piece i is bytes offsets[i] … offsets[i + 1] − 1. */
  readonly utf8: Uint8Array;
  readonly offsets: Uint32Array;
}

export const MAX_PIECES = 1 << 20;
export const MAX_PIECE_BYTES = 255;
export const MAX_RANK = 1 << 20;

const LAST_KIND = PieceKind.special;
const MAGIC = 0x5450_414c; // "LAPT", little-endian
const VERSION = 1;
const MATCHES_RAW_TEXT = 1 << 16;
const HEADER_BYTES = 16;
const BYTES_PER_PIECE = 6;

/*
 * Header: magic, version (lower half) and flags (upper half), number of pieces, bytes of text (u32 each, little-endian). Then for all pieces: ranks (u32),
 * kinds (u8), lengths (u8), text (UTF-8, end to end).
 */

/** Writes `tokenizer.bin`; WeightsError when a piece is empty or too long, or an array has another length. */
export function encodeTokenizerFile({ texts, kinds, ranks, matchesRawText }: TokenizerData): Uint8Array<ArrayBuffer> {
  const count = texts.length;
  if (count === 0 || count > MAX_PIECES)
    throw new WeightsError(`a tokenizer has 1 to ${MAX_PIECES} pieces, not ${count}`);
  if (kinds.length !== count || ranks.length !== count)
    throw new WeightsError(`${count} pieces with ${kinds.length} kinds and ${ranks.length} ranks`);
  const encoder = new TextEncoder();
  const pieces = texts.map((text) => encoder.encode(text));
  const textBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const file = new Uint8Array(HEADER_BYTES + BYTES_PER_PIECE * count + textBytes);
  const view = new DataView(file.buffer);
  const versionAndFlags = VERSION | (matchesRawText ? MATCHES_RAW_TEXT : 0);
  for (const [index, word] of [MAGIC, versionAndFlags, count, textBytes].entries())
    view.setUint32(index * 4, word, true);
  const kindsAt = HEADER_BYTES + 4 * count;
  let end = HEADER_BYTES + BYTES_PER_PIECE * count;
  for (const [id, piece] of pieces.entries()) {
    if (piece.length === 0 || piece.length > MAX_PIECE_BYTES)
      throw new WeightsError(`piece ${id} has ${piece.length} bytes, expected 1 to ${MAX_PIECE_BYTES}`);
    view.setUint32(HEADER_BYTES + 4 * id, ranks[id]!, true);
    file[kindsAt + id] = kinds[id]!;
    file[kindsAt + count + id] = piece.length;
    file.set(piece, end);
    end += piece.length;
  }
  // Nothing is written that would be refused on reading.
  decodeTokenizerFile(file);
  return file;
}

/** Reads `tokenizer.bin` without copying it; WeightsError when it is not whole or a field is out of its range. */
export function decodeTokenizerFile(bytes: Uint8Array): TokenizerTable {
  if (bytes.length < HEADER_BYTES) fail(`${bytes.length} bytes, shorter than its header`);
  const file = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [magic, versionAndFlags, count, textBytes] = [0, 4, 8, 12].map((at) => view.getUint32(at, true)) as [
    number,
    number,
    number,
    number,
  ];
  if (magic !== MAGIC) fail("does not begin with LAPT; convert the model again");
  const matchesRawText = (versionAndFlags & MATCHES_RAW_TEXT) !== 0;
  const version = versionAndFlags & ~MATCHES_RAW_TEXT;
  if (version !== VERSION) fail(`version ${version}, this build reads ${VERSION}; convert the model again`);
  if (count < 1 || count > MAX_PIECES) fail(`${count} pieces, expected 1 to ${MAX_PIECES}`);
  const expectedBytes = HEADER_BYTES + BYTES_PER_PIECE * count + textBytes;
  if (file.length !== expectedBytes) fail(`${file.length} bytes, its header says ${expectedBytes}`);
  const kindsAt = HEADER_BYTES + 4 * count;
  const textAt = kindsAt + 2 * count;
  const ranks = new Uint32Array(file.buffer, file.byteOffset + HEADER_BYTES, count);
  const kinds = file.subarray(kindsAt, kindsAt + count);
  const lengths = file.subarray(kindsAt + count, textAt);
  const utf8 = file.subarray(textAt);
  const offsets = new Uint32Array(count + 1);
  for (let id = 0; id < count; id++) {
    if (kinds[id]! > LAST_KIND) fail(`piece ${id} has unknown kind ${kinds[id]}`);
    if (ranks[id]! > MAX_RANK) fail(`piece ${id} has rank ${ranks[id]}, more than ${MAX_RANK}`);
    if (lengths[id] === 0) fail(`piece ${id} is empty`);
    offsets[id + 1] = offsets[id]! + lengths[id]!;
    if ((utf8[offsets[id]!]! & 0xc0) === 0x80) fail(`piece ${id} begins inside a character`);
  }
  if (offsets[count] !== textBytes)
    fail(`pieces add up to ${offsets[count]} bytes of text, the header says ${textBytes}`);
  try {
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(utf8);
  } catch (cause) {
    throw new WeightsError("tokenizer file: a piece is not UTF-8", { cause });
  }
  return { count, kinds, ranks, matchesRawText, utf8, offsets };
}

function fail(what: string): never {
  throw new WeightsError(`tokenizer file: ${what}`);
}
