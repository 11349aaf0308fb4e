/**
 * Random 32-bit words, the same for the same seed and name on every machine: xorshift32 (Marsaglia, "Xorshift RNGs",
 * 2003), its state taken from an FNV-1a hash of the name, so that a tensor's values do not depend on its neighbours.
 */
export class RandomWords {
  #state: number;

  constructor(seed: number, name: string) {
    let hash = (0x811c9dc5 ^ seed) >>> 0;
    for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193) >>> 0;
    // Zero is the one state xorshift never leaves.
    this.#state = hash || 0x9e3779b9;
  }

  fill(words: Uint32Array): void {
    let state = this.#state;
    for (let index = 0; index < words.length; index++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[index] = state;
    }
    this.#state = state;
  }
}
