/** Bytes of many pieces; those of piece i are bytes[offsets[i]] … bytes[offsets[i + 1] − 1]. */
export interface PieceBytes {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
}

/** Pieces that are worked on between two pauses: a few milliseconds. */
export const PIECES_PER_STEP = 8192;

/** Bytes that pieces are put into buckets by. */
const BUCKET_BYTES = 2;
const BUCKETS = 2 ** (8 * BUCKET_BYTES);
/** Further bytes that a bucket is sorted by as one number, above the id: 32 bits and 20. */
const KEY_BYTES = 4;
const ID_RANGE = 2 ** 20;

/** Ids sorted by their bytes, then by themselves: first as numbers, which needs no comparisons in JavaScript. */
export function* inOrder(pieces: PieceBytes, ids: Uint32Array): Generator<void, Uint32Array> {
  const ends = new Uint32Array(BUCKETS + 1);
  for (const [index, id] of ids.entries()) {
    if (index % PIECES_PER_STEP === 0) yield;
    ends[prefixOf(pieces, id, 0, BUCKET_BYTES) + 1]!++;
  }
  for (let bucket = 0; bucket < BUCKETS; bucket++) ends[bucket + 1]! += ends[bucket]!;
  const keys = new Float64Array(ids.length);
  const places = ends.slice();
  for (const [index, id] of ids.entries()) {
    if (index % PIECES_PER_STEP === 0) yield;
    const place = places[prefixOf(pieces, id, 0, BUCKET_BYTES)]!++;
    keys[place] = prefixOf(pieces, id, BUCKET_BYTES, KEY_BYTES) * ID_RANGE + id;
  }
  const sorted = new Uint32Array(ids.length);
  let paused = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const [from, to] = [ends[bucket]!, ends[bucket + 1]!];
    if (from === to) continue;
    keys.subarray(from, to).sort();
    for (let place = from; place < to; place++) sorted[place] = keys[place]! % ID_RANGE;
    sortTies(pieces, keys, sorted, from, to);
    if (to - paused < PIECES_PER_STEP) continue;
    paused = to;
    yield;
  }
  return sorted;
}

/** Sorts those by all their bytes whose keys are the same but for the id. */
function sortTies(pieces: PieceBytes, keys: Float64Array, sorted: Uint32Array, begin: number, end: number): void {
  for (let from = begin, to = begin + 1; from < end; from = to++) {
    const prefix = Math.floor(keys[from]! / ID_RANGE);
    while (to < end && Math.floor(keys[to]! / ID_RANGE) === prefix) to++;
    if (to - from > 1) sorted.subarray(from, to).sort((a, b) => compare(pieces, a, b));
  }
}

/** Some bytes of a piece as one number; what lies behind its end counts as 0. */
function prefixOf({ bytes, offsets }: PieceBytes, id: number, skipped: number, count: number): number {
  const begin = offsets[id]! + skipped;
  const end = offsets[id + 1]!;
  let prefix = 0;
  for (let at = begin; at < begin + count; at++) prefix = prefix * 256 + (at < end ? bytes[at]! : 0);
  return prefix;
}

function compare({ bytes, offsets }: PieceBytes, a: number, b: number): number {
  const [startA, startB] = [offsets[a]!, offsets[b]!];
  const [lengthA, lengthB] = [offsets[a + 1]! - startA, offsets[b + 1]! - startB];
  for (let at = 0; at < lengthA && at < lengthB; at++)
    if (bytes[startA + at] !== bytes[startB + at]) return bytes[startA + at]! - bytes[startB + at]!;
  return lengthA - lengthB || a - b;
}
