import { compileSpecification } from "../../runtime/constrain/compile.ts";
import { ConstraintError, type ConstraintPath } from "../../runtime/constrain/constraint-error.ts";
import { literalCosts } from "../../runtime/constrain/literal-costs.ts";
import type { ConstraintSpecification } from "../../runtime/constrain/specification.ts";
import type { CallableTools } from "../../runtime/tokenizer/chat-template.ts";
import { ApiError } from "../errors.ts";
import type { Model } from "../model.ts";
import { type GenerationOptions, invalid } from "../request/generation-fields.ts";
import { fieldName } from "../request/validation.ts";
import { requireTokenizer } from "./prompt.ts";

/** Where a request has its constraint. */
export interface ConstraintPlace {
  /** As in response_format. */
  readonly format: string;
  readonly tools?: CallableTools;
}

/**
 * Compiles an answer's constraint as the conductor will. An ApiError (400) names the part of it that cannot be used, the
 * field that would cut the answer short of it, or the tokens that its shortest answer takes.
 */
export function checkConstraint(model: Model, options: GenerationOptions, place: ConstraintPlace): void {
  const { constraint, maxTokens, minTokens, stop, ignoreEos } = options;
  if (!constraint) return;
  const field = constraint.type === "calls" ? "tools" : place.format;
  const beside = (name: string) => invalid(name, `not beside ${field}, which decides where the answer ends`);
  if (stop.length > 0) throw beside("stop");
  if (minTokens > 0) throw beside("min_tokens");
  if (ignoreEos) throw beside("ignore_eos");
  const neededTokens = shortestTokens(model, constraint, place);
  if (maxTokens !== undefined && maxTokens < neededTokens)
    throw invalid("max_tokens", `the shortest answer that ${field} allows may take ${neededTokens} tokens`);
}

/** With the token that ends the answer. */
function shortestTokens(model: Model, constraint: ConstraintSpecification, place: ConstraintPlace): number {
  const { pieces } = requireTokenizer(model, place.format);
  try {
    return compileSpecification(constraint, literalCosts(pieces)).root.cost + 1;
  } catch (error) {
    if (!(error instanceof ConstraintError)) throw error;
    const param = fieldName(fieldPath(constraint, error.path, place));
    throw new ApiError(400, "invalid_schema", `${param}: ${error.message}.`, { param, cause: error });
  }
}

function fieldPath(
  constraint: ConstraintSpecification,
  path: ConstraintPath,
  { format, tools }: ConstraintPlace,
): ConstraintPath {
  if (constraint.type === "json_schema") return [format, "json_schema", ...path];
  if (constraint.type !== "calls") return [format, ...path];
  const [, index, ...inside] = path;
  if (typeof index !== "number") return ["tools"];
  const name = constraint.functions[index]!.name;
  return ["tools", tools?.functions.findIndex((tool) => tool.name === name) ?? index, "function", ...inside];
}
