import { inOrder, PIECES_PER_STEP, type PieceBytes } from "./piece-order.ts";

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

/** The tree of the pieces `ids`, in steps between which others may have the thread; several may have the same bytes. */
export function* pieceTrie(pieces: PieceBytes, ids: Uint32Array): Generator<void, PieceTrie> {
  const sorted = yield* inOrder(pieces, ids);
  const shared = yield* sharedBytes(pieces, sorted);
  const { bytes, offsets } = pieces;
  let most = 0;
  for (const [index, id] of sorted.entries()) most += offsets[id + 1]! - offsets[id]! - shared[index]!;
  const nodes = { bytes: new Uint8Array(most), depths: new Uint8Array(most), skips: new Uint32Array(most) };
  const idsFrom = new Uint32Array(most + 1);
  /** The nodes on the way to the piece before. */
  const way: number[] = [];
  let count = 0;
  for (let index = 0; index < sorted.length; index++) {
    if (index % PIECES_PER_STEP === 0) yield;
    const start = offsets[sorted[index]!]!;
    const length = offsets[sorted[index]! + 1]! - start;
    while (way.length > shared[index]!) nodes.skips[way.pop()!] = count;
    for (let depth = shared[index]!; depth < length; depth++) {
      nodes.bytes[count] = bytes[start + depth]!;
      nodes.depths[count] = depth;
      idsFrom[count] = index;
      way.push(count++);
    }
  }
  for (const node of way) nodes.skips[node] = count;
  idsFrom[count] = ids.length;
  return { ...nodes, idsFrom, ids: sorted };
}

/** How many bytes each piece begins with that the one before it begins with too. */
function* sharedBytes({ bytes, offsets }: PieceBytes, sorted: Uint32Array): Generator<void, Uint8Array> {
  const shared = new Uint8Array(sorted.length);
  for (let index = 1; index < sorted.length; index++) {
    if (index % PIECES_PER_STEP === 0) yield;
    const [before, id] = [sorted[index - 1]!, sorted[index]!];
    const [startBefore, start] = [offsets[before]!, offsets[id]!];
    const most = Math.min(offsets[before + 1]! - startBefore, offsets[id + 1]! - start);
    let same = 0;
    while (same < most && bytes[startBefore + same] === bytes[start + same]) same++;
    shared[index] = same;
  }
  return shared;
}
