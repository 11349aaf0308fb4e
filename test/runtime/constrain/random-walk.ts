import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type CompiledGrammar, Grammars } from "../../../runtime/constrain/compiled-grammar.ts";
import { GrammarConstraint } from "../../../runtime/constrain/grammar-constraint.ts";
import type { ConstraintSpecification, JsonSchema } from "../../../runtime/constrain/specification.ts";
import { Tokenizer } from "../../../runtime/tokenizer/tokenizer.ts";

const file = fileURLToPath(new URL("../../../weights/demo/model/tokenizer.bin", import.meta.url));

export const tokenizer = new Tokenizer(readFileSync(file));
export const STOP_IDS = [1, 107];
const grammars = new Grammars(tokenizer.pieces);

export const compiled = (specification: ConstraintSpecification): CompiledGrammar => grammars.compile(specification);
export const compiledSchema = (schema: JsonSchema) => compiled({ type: "json_schema", schema });

/** Numbers from 0 to 1, the same for the same seed (Park and Miller 1988). */
export function randomNumbers(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

export interface Walk {
  readonly text: string;
  readonly tokens: number;
  /** It came to a stop id by itself. */
  readonly ended: boolean;
}

/** An answer whose every token is drawn evenly from those allowed: nobody's likely text, which is the point. */
export function randomWalk(grammar: CompiledGrammar, maxTokens: number, random: () => number): Walk {
  const constraint = new GrammarConstraint(grammar, { maxTokens, stopIds: STOP_IDS });
  const ids: number[] = [];
  while (ids.length < maxTokens) {
    const allowed = idsOf(constraint.allowed()!);
    if (allowed.length === 0) throw new Error(`nothing may follow ${JSON.stringify(tokenizer.decode(ids))}`);
    const id = allowed[Math.floor(random() * allowed.length)]!;
    constraint.accept(id);
    if (STOP_IDS.includes(id)) return { text: tokenizer.decode(ids), tokens: ids.length + 1, ended: true };
    ids.push(id);
  }
  return { text: tokenizer.decode(ids), tokens: ids.length, ended: false };
}

export function idsOf(mask: Uint32Array): number[] {
  return Array.from({ length: 32 * mask.length }, (_, id) => id).filter((id) => (mask[id >>> 5]! >>> (id & 31)) & 1);
}

/** Whether a whole text belongs to the grammar. */
export function accepts({ automaton }: CompiledGrammar, text: string): boolean {
  let state: ReturnType<typeof automaton.step> = automaton.start;
  for (const byte of new TextEncoder().encode(text)) {
    state = automaton.step(state, byte);
    if (state === null) return false;
  }
  return state.accepting;
}
