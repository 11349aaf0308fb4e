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
  readonly #first: number;
  readonly #second: number;
  readonly #third: number;

  constructor(seed: bigint, position: number) {
    const words = [Number(seed & 0xffff_ffffn), Number((seed >> 32n) & 0xffff_ffffn), position];
    const key = (lane: number) => words.reduce(absorb, lane);
    this.#first = key(1);
    this.#second = key(2);
    this.#third = key(3);
  }

  /**
   * A whole number e with 1 − uniform(id) ≥ 2^-e, for half the work: mostly the least there is, 54 for the few ids where
   * that would take all of it.
   */
  restExponent(id: number): number {
    const high = scramble((scramble(id ^ this.#first) + this.#second) | 0);
    // `rest` is 1 − uniform(id) in units of 2^-26, rounded down.
    const rest = ~high >>> 6;
    return rest === 0 ? 54 : Math.clz32(rest) - 5;
  }

  /** Uniform in (0, 1), both ends excluded: an odd multiple of 2^-53. */
  uniform(id: number): number {
    const middle = scramble(id ^ this.#first);
    const high = scramble((middle + this.#second) | 0);
    const low = scramble(Math.imul(middle, 0x9e3779b1) ^ this.#third);
    return ((high >>> 6) * 67_108_864 + (low >>> 6) + 0.5) / 4_503_599_627_370_496;
  }
}

const WORD = (1n << 64n) - 1n;

/**
 * The seed of one of several answers to the same prompt: the first has the request's own, each other one a stream of its
 * own (the output of SplitMix64, Steele, Lea and Flood 2014, whose steps never meet for one seed).
 */
export function choiceSeed(seed: bigint, choice: number): bigint {
  if (choice === 0) return seed;
  let mixed = (seed + BigInt(choice) * 0x9e37_79b9_7f4a_7c15n) & WORD;
  mixed = ((mixed ^ (mixed >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & WORD;
  mixed = ((mixed ^ (mixed >> 27n)) * 0x94d0_49bb_1331_11ebn) & WORD;
  return mixed ^ (mixed >> 31n);
}
