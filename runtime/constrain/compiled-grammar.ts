import type { PieceTable } from "../tokenizer/piece-table.ts";
import { Automaton, type State } from "./automaton.ts";
import { compileSpecification } from "./compile.ts";
import { literalCosts } from "./literal-costs.ts";
import type { ConstraintSpecification } from "./specification.ts";
import { TokenMasks } from "./token-masks.ts";
import { Vocabulary } from "./vocabulary.ts";

/** Grammars that are kept for the next request with the same specification. */
const MAX_GRAMMARS = 4;

/** A specification made ready to hold answers to, for one vocabulary. */
export interface CompiledGrammar {
  readonly vocabulary: Vocabulary;
  readonly automaton: Automaton;
  readonly masks: TokenMasks;
  /** True where any text may follow, which needs no mask. */
  isFree(state: State): boolean;
}

/** Compiles specifications for one vocabulary, and keeps the last few. */
export class Grammars {
  readonly #pieces: PieceTable;
  #vocabulary: Vocabulary | undefined;
  #making: Generator<void, Vocabulary> | undefined;
  readonly #known = new Map<string, CompiledGrammar>();

  constructor(pieces: PieceTable) {
    this.#pieces = pieces;
  }

  /**
   * Takes a step of some milliseconds towards a vocabulary that is ready to be compiled for, the first of which takes many;
   * true when there is nothing left to do.
   */
  advance(): boolean {
    if (this.#vocabulary) return true;
    this.#making ??= Vocabulary.making(this.#pieces);
    const { done, value } = this.#making.next();
    if (!done) return false;
    this.#vocabulary = value;
    this.#making = undefined;
    return true;
  }

  /** Does what is left of those steps at once. ConstraintError when the specification cannot be used. */
  compile(specification: ConstraintSpecification): CompiledGrammar {
    // A big integer is refused when it is compiled.
    const key = JSON.stringify(specification, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
    const grammar = this.#known.get(key) ?? this.#compile(specification);
    this.#known.delete(key);
    this.#known.set(key, grammar);
    if (this.#known.size > MAX_GRAMMARS) this.#known.delete(this.#known.keys().next().value!);
    return grammar;
  }

  #compile(specification: ConstraintSpecification): CompiledGrammar {
    const { root, character, anyText } = compileSpecification(specification, literalCosts(this.#pieces));
    while (!this.advance());
    const vocabulary = this.#vocabulary!;
    const automaton = new Automaton(root);
    return {
      vocabulary,
      automaton,
      masks: new TokenMasks(automaton, vocabulary, character),
      isFree: ({ ways }) => ways.length === 1 && ways[0]!.head === anyText,
    };
  }
}
