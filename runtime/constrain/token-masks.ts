import type { Automaton, State } from "./automaton.ts";
import type { Expression } from "./expression.ts";
import type { PieceTrie } from "./piece-trie.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Of all masks of one automaton that are kept. */
const CACHE_BYTES = 1 << 22;

interface KnownMask {
  readonly words: Uint32Array;
  /** No token leaves a state that costs more. */
  readonly worstCost: number;
}

/** Which tokens may follow in a state, as masks over a vocabulary. */
export class TokenMasks {
  readonly #automaton: Automaton;
  readonly #vocabulary: Vocabulary;
  readonly #character: Expression;
  readonly #known = new Map<State, KnownMask>();

  /** `character` is the expression of one character of a JSON string. */
  constructor(automaton: Automaton, vocabulary: Vocabulary, character: Expression) {
    this.#automaton = automaton;
    this.#vocabulary = vocabulary;
    this.#character = character;
  }

  /** As LogitEdits.allowed: tokens after which the text can still be ended with `costLimit` tokens. Not to be changed. */
  allowed(state: State, costLimit: number): Uint32Array {
    let mask = this.#known.get(state);
    if (mask === undefined) {
      mask = this.#all(state);
      const most = Math.max(1, Math.floor(CACHE_BYTES / mask.words.byteLength));
      if (this.#known.size >= most) this.#known.delete(this.#known.keys().next().value!);
      this.#known.set(state, mask);
    }
    if (mask.worstCost <= costLimit) return mask.words;
    const words = new Uint32Array(this.#vocabulary.words);
    this.#walk(this.#vocabulary.all, state, costLimit, words);
    return words;
  }

  #all(state: State): KnownMask {
    const inString = ({ head }: State["ways"][number]) => head.kind === "repeat" && head.body === this.#character;
    const texts = part(state, inString);
    const others = part(state, (way) => !inString(way));
    const words = new Uint32Array(this.#vocabulary.words);
    let worstCost = 0;
    if (texts.ways.length > 0) {
      // Within a string nearly every token consists of characters that stand for themselves: no need to walk them all.
      const plain = this.#vocabulary.plainMask(Math.max(...texts.ways.map(({ max }) => max)));
      words.set(plain);
      worstCost = Math.max(...texts.ways.map(({ cost }) => cost));
      worstCost = Math.max(worstCost, this.#walk(this.#vocabulary.special, texts, Number.POSITIVE_INFINITY, words));
    }
    if (others.ways.length > 0)
      worstCost = Math.max(worstCost, this.#walk(this.#vocabulary.all, others, Number.POSITIVE_INFINITY, words));
    return { words, worstCost };
  }

  /** Sets the bits of the trie's pieces that may follow; the largest cost of what they lead to. */
  #walk(trie: PieceTrie, start: State, costLimit: number, words: Uint32Array): number {
    const { bytes, depths, skips, idsFrom, ids } = trie;
    const way: State[] = [];
    let worstCost = 0;
    for (let node = 0; node < bytes.length; ) {
      const depth = depths[node]!;
      const from = depth === 0 ? start : way[depth - 1]!;
      const byte = bytes[node]!;
      const state = from.steps ? from.steps[byte]! : this.#automaton.step(from, byte);
      if (state === null) {
        node = skips[node]!;
        continue;
      }
      way[depth] = state;
      const first = idsFrom[node]!;
      const end = idsFrom[++node]!;
      if (first === end || state.cost > costLimit) continue;
      worstCost = Math.max(worstCost, state.cost);
      for (let at = first; at < end; at++) words[ids[at]! >>> 5]! |= 1 << (ids[at]! & 31);
    }
    return worstCost;
  }
}

/** A state with some of its ways. */
function part(state: State, belongs: (way: State["ways"][number]) => boolean): State {
  const ways = state.ways.filter(belongs);
  return ways.length === state.ways.length ? state : { ways, accepting: false, cost: state.cost };
}
