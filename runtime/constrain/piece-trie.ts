/**
 * Pieces of a vocabulary by their bytes, as the nodes of a tree in depth-first order. Whoever walks it in order and cannot go
 * on at a node goes to `skip`, past everything that begins with it.
 */
export interface PieceTrie {
  readonly bytes: Uint8Array;
  /** Length of the text that ends with a node, less one. */
  readonly depths: Uint8Array;
  readonly skips: Uint32Array;
  /** Ids of the pieces that end at node i are ids[idsFrom[i]] … ids[idsFrom[i + 1] − 1]. */
  readonly idsFrom: Uint32Array;
  readonly ids: Uint32Array;
}

/** Bytes of many pieces; those of piece i are bytes[offsets[i]] … bytes[offsets[i + 1] − 1]. */
export interface PieceBytes {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
}

/** Bytes that are sorted by as one number, above the id: 32 bits and 20. */
const PREFIX_BYTES = 4;
const ID_RANGE = 2 ** 20;

/** The tree of the pieces `ids`; several may have the same bytes. */
export function pieceTrie(pieces: PieceBytes, ids: Uint32Array): PieceTrie {
  const sorted = inOrder(pieces, ids);
  const { bytes, offsets } = pieces;
  const most = ids.reduce((sum, id) => sum + offsets[id + 1]! - offsets[id]!, 0);
  const nodes = { bytes: new Uint8Array(most), depths: new Uint8Array(most), skips: new Uint32Array(most) };
  const idsFrom = new Uint32Array(most + 1);
  /** The nodes on the way to the piece before. */
  const way: number[] = [];
  let count = 0;
  for (const [index, id] of sorted.entries()) {
    const start = offsets[id]!;
    const length = offsets[id + 1]! - start;
    let shared = 0;
    while (shared < way.length && shared < length && nodes.bytes[way[shared]!] === bytes[start + shared]) shared++;
    while (way.length > shared) nodes.skips[way.pop()!] = count;
    for (let depth = shared; depth < length; depth++) {
      nodes.bytes[count] = bytes[start + depth]!;
      nodes.depths[count] = depth;
      idsFrom[count] = index;
      way.push(count++);
    }
  }
  for (const node of way) nodes.skips[node] = count;
  idsFrom[count] = ids.length;
  return {
    bytes: nodes.bytes.slice(0, count),
    depths: nodes.depths.slice(0, count),
    skips: nodes.skips.slice(0, count),
    idsFrom: idsFrom.slice(0, count + 1),
    ids: sorted,
  };
}

/** Ids sorted by their bytes: by the first of them as numbers, which needs no comparisons in JavaScript, then the rest. */
function inOrder({ bytes, offsets }: PieceBytes, ids: Uint32Array): Uint32Array {
  const keys = new Float64Array(ids.length);
  for (let place = 0; place < ids.length; place++) {
    const id = ids[place]!;
    const end = offsets[id + 1]!;
    let prefix = 0;
    for (let at = offsets[id]!, last = at + PREFIX_BYTES; at < last; at++)
      prefix = prefix * 256 + (at < end ? bytes[at]! : 0);
    keys[place] = prefix * ID_RANGE + id;
  }
  keys.sort();
  const sorted = new Uint32Array(ids.length);
  for (let place = 0; place < ids.length; place++) sorted[place] = keys[place]! % ID_RANGE;
  const byBytes = (a: number, b: number) => {
    const [startA, startB] = [offsets[a]!, offsets[b]!];
    const [lengthA, lengthB] = [offsets[a + 1]! - startA, offsets[b + 1]! - startB];
    for (let at = 0; at < lengthA && at < lengthB; at++)
      if (bytes[startA + at] !== bytes[startB + at]) return bytes[startA + at]! - bytes[startB + at]!;
    return lengthA - lengthB || a - b;
  };
  for (let from = 0, to = 1; from < keys.length; from = to++) {
    const prefix = Math.floor(keys[from]! / ID_RANGE);
    while (to < keys.length && Math.floor(keys[to]! / ID_RANGE) === prefix) to++;
    if (to - from > 1) sorted.subarray(from, to).sort(byBytes);
  }
  return sorted;
}
