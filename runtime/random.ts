/** MurmurHash3's 32-bit finaliser (Austin Appleby, public domain): every input bit reaches every output bit. */
function scramble(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function absorb(state: number, word: number): number {
  return scramble(Math.imul(state, 0x9e3779b1) + scramble(word ^ 0x7f4a7c15));
}

/**
 * Random numbers that are a function of (seed, position, id) alone: no state, so any machine can draw any of them in
 * any order. `seed` is unsigned 64 bit; `position` is that of the token to be drawn.
 */
export class CounterNoise {
  readonly #keys: readonly [number, number, number];

  constructor(seed: bigint, position: number) {
    const words = [Number(seed & 0xffff_ffffn), Number((seed >> 32n) & 0xffff_ffffn), position];
    const key = (lane: number) => words.reduce(absorb, lane);
    this.#keys = [key(1), key(2), key(3)];
  }

  /** Uniform in (0, 1), both ends excluded: an odd multiple of 2^-53. */
  uniform(id: number): number {
    const [first, second, third] = this.#keys;
    const middle = scramble(id ^ first);
    const high = scramble((middle + second) | 0);
    const low = scramble(Math.imul(middle, 0x9e3779b1) ^ third);
    return ((high >>> 6) * 67_108_864 + (low >>> 6) + 0.5) / 4_503_599_627_370_496;
  }
}
