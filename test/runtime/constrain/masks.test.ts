import { describe, expect, test } from "vitest";
import { GrammarConstraint } from "../../../runtime/constrain/grammar-constraint.ts";
import type { ConstraintSpecification } from "../../../runtime/constrain/specification.ts";
import { compiled, idsOf, randomNumbers, STOP_IDS, tokenizer } from "./random-walk.ts";

const FUNCTIONS = [{ name: "f", parameters: { type: "object", properties: { x: { type: "integer" } } } }];
const SPECIFICATIONS: ConstraintSpecification[] = [
  { type: "json_object" },
  {
    type: "json_schema",
    schema: {
      type: "object",
      properties: {
        a: { type: "string", maxLength: 9 },
        b: { anyOf: [{ type: "string" }, { enum: ["red", "rose"] }] },
      },
      additionalProperties: { type: "string", pattern: "^[^x]*$" },
    },
  },
  { type: "choice", choices: ["yes", "yes please", "no"] },
  { type: "regex", pattern: "^(ab|a.c)*$" },
  { type: "calls", functions: FUNCTIONS, parallel: true, otherwise: "text" },
];

/** Ids that may follow, found the slow way: every piece is tried by itself. */
function allowedOneByOne(specification: ConstraintSpecification, ids: readonly number[], maxTokens: number): number[] {
  const { automaton, vocabulary } = compiled(specification);
  const follow = (id: number, from = automaton.start) => {
    let state: typeof automaton.start | null = from;
    for (const byte of vocabulary.bytesOf(id)) state = state && automaton.step(state, byte);
    return state;
  };
  const state = ids.reduce((from, id) => follow(id, from)!, automaton.start);
  const left = maxTokens - ids.length;
  return Array.from({ length: tokenizer.pieceCount }, (_, id) => id).filter((id) => {
    if (STOP_IDS.includes(id)) return state.accepting;
    const next = vocabulary.bytesOf(id).length > 0 ? follow(id, state) : null;
    return next !== null && next.cost + 2 <= left;
  });
}

describe("the tokens that may follow", () => {
  test.each(SPECIFICATIONS)("$type are those that do when tried one by one", (specification) => {
    const random = randomNumbers(21);
    for (const maxTokens of [14, 40]) {
      const constraint = new GrammarConstraint(compiled(specification), { maxTokens, stopIds: STOP_IDS });
      const ids: number[] = [];
      while (ids.length < maxTokens) {
        const mask = constraint.allowed();
        // Free text, which needs no mask.
        if (mask === null) break;
        const allowed = idsOf(mask);
        expect(allowed).toEqual(allowedOneByOne(specification, ids, maxTokens));
        const id = allowed[Math.floor(random() * allowed.length)]!;
        constraint.accept(id);
        if (STOP_IDS.includes(id)) break;
        ids.push(id);
      }
    }
  });

  test("are never control tokens, markers or the unknown piece", () => {
    const constraint = new GrammarConstraint(compiled({ type: "regex", pattern: "[^a]*" }), {
      maxTokens: 50,
      stopIds: [1],
    });
    const allowed = new Set(idsOf(constraint.allowed()!));
    expect([0, 2, 3, 106, 107].filter((id) => allowed.has(id))).toEqual([]);
    expect(allowed.has(1)).toBe(true);
  });

  test("follow from the ids alone: a constraint that is told them goes on like the one that drew them", () => {
    const grammar = compiled({ type: "json_object" });
    const limits = { maxTokens: 60, stopIds: STOP_IDS };
    const first = new GrammarConstraint(grammar, limits);
    const random = randomNumbers(4);
    const ids: number[] = [];
    for (let step = 0; step < 25; step++) {
      const allowed = idsOf(first.allowed()!);
      ids.push(allowed[Math.floor(random() * allowed.length)]!);
      first.accept(ids.at(-1)!);
    }
    const again = new GrammarConstraint(grammar, limits);
    for (const id of ids) again.accept(id);
    expect(again.allowed()).toEqual(first.allowed());
  });

  test("are all of them once an answer that may call functions has begun as text", () => {
    const specification = SPECIFICATIONS.at(-1)!;
    const constraint = new GrammarConstraint(compiled(specification), { maxTokens: 9, stopIds: STOP_IDS });
    const first = idsOf(constraint.allowed()!).map((id) => tokenizer.decode([id]));
    expect(first).toContain("The");
    for (const begin of ["[", "`", " ", "\n", " The"]) expect(first).not.toContain(begin);
    constraint.accept(tokenizer.encode("The")[0]!);
    expect(constraint.allowed()).toBeNull();
    // A row of the table that is no piece.
    constraint.accept(1 << 20);
    expect(constraint.allowed()).toBeNull();
  });

  test("exclude what was not drawn by the grammar: such a token is an error", () => {
    const constraint = new GrammarConstraint(compiled({ type: "choice", choices: ["yes"] }), {
      maxTokens: 9,
      stopIds: [1],
    });
    expect(() => constraint.accept(tokenizer.encode("no")[0]!)).toThrow("does not follow");
  });
});
