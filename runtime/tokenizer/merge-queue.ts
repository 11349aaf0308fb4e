/** Places on the left of a merge are below this; rank · this + place stays an exact double. */
const PLACES = 2 ** 31;

/** A binary heap of possible merges: lowest rank first, then leftmost. */
export class MergeQueue {
  readonly #keys: Float64Array;
  readonly #ends: Uint32Array;
  #size = 0;

  constructor(capacity: number) {
    this.#keys = new Float64Array(capacity);
    this.#ends = new Uint32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** Adds the merge of the symbol at `left` with its right neighbour, which ends at byte `end`. */
  push(rank: number, left: number, end: number): void {
    const key = rank * PLACES + left;
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#keys[parent]! <= key) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#keys[at] = key;
    this.#ends[at] = end;
  }

  /** Takes the first merge out: [left, end]. Only while size > 0. */
  pop(): [left: number, end: number] {
    const first: [number, number] = [this.#keys[0]! % PLACES, this.#ends[0]!];
    const last = --this.#size;
    const key = this.#keys[last]!;
    const end = this.#ends[last]!;
    let at = 0;
    for (let child = 1; child < last; child = 2 * at + 1) {
      if (child + 1 < last && this.#keys[child + 1]! < this.#keys[child]!) child += 1;
      if (key <= this.#keys[child]!) break;
      this.#move(child, at);
      at = child;
    }
    this.#keys[at] = key;
    this.#ends[at] = end;
    return first;
  }

  #move(from: number, to: number): void {
    this.#keys[to] = this.#keys[from]!;
    this.#ends[to] = this.#ends[from]!;
  }
}
