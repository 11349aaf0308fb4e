import { Grammars } from "../runtime/constrain/compiled-grammar.ts";
import { type ConstraintLimits, GrammarConstraint } from "../runtime/constrain/grammar-constraint.ts";
import type { ConstraintSpecification } from "../runtime/constrain/specification.ts";
import { InferenceError } from "../runtime/errors.ts";
import type { TokenConstraint } from "../runtime/generate.ts";
import type { Tokenizer } from "../runtime/tokenizer/tokenizer.ts";
import type { Model } from "./model.ts";

const known = new WeakMap<Tokenizer, Grammars>();

/** Holds an answer of `model` to a specification. ConstraintError where that cannot be used; InferenceError without a tokenizer. */
export function constraintOn(
  { tokenizer, manifest }: Model,
  specification: ConstraintSpecification,
  limits: ConstraintLimits,
): TokenConstraint {
  if (!tokenizer)
    throw new InferenceError("unsupported", `${manifest.name} has no tokenizer to hold an answer to a form`);
  return new GrammarConstraint(grammarsOf(tokenizer).compile(specification), limits);
}

/** The grammars of a model's vocabulary, one set an isolate. */
function grammarsOf(tokenizer: Tokenizer): Grammars {
  let grammars = known.get(tokenizer);
  if (!grammars) {
    grammars = new Grammars(tokenizer.pieces);
    known.set(tokenizer, grammars);
  }
  return grammars;
}
