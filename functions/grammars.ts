import { Grammars } from "../runtime/constrain/compiled-grammar.ts";
import { type ConstraintLimits, GrammarConstraint } from "../runtime/constrain/grammar-constraint.ts";
import type { ConstraintSpecification } from "../runtime/constrain/specification.ts";
import { InferenceError } from "../runtime/errors.ts";
import type { TokenConstraint } from "../runtime/generate.ts";
import type { Tokenizer } from "../runtime/tokenizer/tokenizer.ts";
import type { Model } from "./model.ts";

const known = new WeakMap<Tokenizer, Grammars>();

/**
 * Holds an answer of `model` to a specification. ConstraintError where that cannot be used; InferenceError without a
 * tokenizer. An isolate's first takes some hundred milliseconds with a large vocabulary, in steps between which its other
 * answers go on.
 */
export async function constraintOn(
  { tokenizer, manifest }: Model,
  specification: ConstraintSpecification,
  limits: ConstraintLimits,
): Promise<TokenConstraint> {
  if (!tokenizer)
    throw new InferenceError("unsupported", `${manifest.name} has no tokenizer to hold an answer to a form`);
  const grammars = grammarsOf(tokenizer);
  // Everyone who waits takes steps: awaiting those of an object that is lost would never end. A timer, since workerd looks at
  // its sockets only when no microtask is left.
  while (!grammars.advance()) await new Promise<void>((resolve) => setTimeout(resolve, 0));
  return new GrammarConstraint(grammars.compile(specification), limits);
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
