import { CALL_BEGIN, CALL_END, CALL_PARAMETERS, CALL_SEPARATOR } from "../tokenizer/call-text.ts";
import { utf8 } from "./code-points.ts";
import { ConstraintError } from "./constraint-error.ts";
import { type Expression, Expressions, type LiteralCosts } from "./expression.ts";
import { JsonText } from "./json-text.ts";
import { PatternError, patternExpression } from "./pattern.ts";
import { schemaExpression } from "./schema-compiler.ts";
import { checkSchemaText } from "./schema-keywords.ts";
import type { CallsSpecification, ConstraintSpecification } from "./specification.ts";

/** Calls in one answer. */
const MAX_CALLS = 16;
const MAX_CHOICES_CHARACTERS = 32 * 1024;
/** Of all functions' schemas together. */
const MAX_FUNCTIONS_CHARACTERS = 128 * 1024;

/** What an answer must be, whole. */
export interface Grammar {
  readonly root: Expression;
  /** One character of a JSON string. */
  readonly character: Expression;
  /** Any bytes. */
  readonly anyText: Expression;
}

/** ConstraintError for what is not supported, goes over a limit, or can never be satisfied. */
export function compileSpecification(specification: ConstraintSpecification, literalCosts: LiteralCosts): Grammar {
  const expressions = new Expressions(literalCosts);
  const json = new JsonText(expressions);
  const anyText = expressions.repeat(expressions.bytes([0x00, 0xff]), 0);
  const root = rootOf(specification, json, anyText);
  expressions.settleCosts();
  if (root.cost === Number.POSITIVE_INFINITY) throw new ConstraintError(placeOf(specification), "nothing satisfies it");
  return { root, character: json.character, anyText };
}

function rootOf(specification: ConstraintSpecification, json: JsonText, anyText: Expression): Expression {
  const { expressions } = json;
  switch (specification.type) {
    case "json_object":
      return json.object(json.value());
    case "json_schema":
      checkSchemaText(specification.schema, ["schema"]);
      return schemaExpression(json, specification.schema, ["schema"]);
    case "regex":
      try {
        return patternExpression(expressions, specification.pattern, (ranges) => utf8(expressions, ranges)).expression;
      } catch (error) {
        if (error instanceof PatternError) throw new ConstraintError(["pattern"], error.message);
        throw error;
      }
    case "choice":
      checkLength("choices", specification.choices.join(""), MAX_CHOICES_CHARACTERS);
      return expressions.oneOf(specification.choices);
    case "calls":
      return calls(specification, json, anyText);
  }
}

/**
 * One call or several, in the form that `call-text.ts` has; or a text. That begins neither like a call nor with what models
 * like to put in front of one: space, a list's bracket, a fence.
 */
function calls(
  { functions, parallel, otherwise }: CallsSpecification,
  json: JsonText,
  anyText: Expression,
): Expression {
  const { sequence, choice, literal, repeat, bytes, optional } = json.expressions;
  for (const [index, { parameters }] of functions.entries())
    checkSchemaText(parameters, ["functions", index, "parameters"]);
  checkLength("functions", JSON.stringify(functions), MAX_FUNCTIONS_CHARACTERS);
  const call = choice(
    ...functions.map(({ name, parameters }, index) => {
      const path = ["functions", index, "parameters"];
      const object = schemaExpression(json, parameters, path, "object");
      return sequence(literal(`${CALL_BEGIN}${name}${CALL_PARAMETERS}`), object, literal(CALL_END));
    }),
  );
  const all = sequence(call, repeat(sequence(literal(CALL_SEPARATOR), call), 0, parallel ? MAX_CALLS - 1 : 0));
  if (otherwise === "nothing") return all;
  const text = sequence(
    bytes([0x00, 0x08], [0x0e, 0x1f], [0x21, 0x5a], [0x5c, 0x5f], [0x61, 0x7a], [0x7c, 0xff]),
    anyText,
  );
  return choice(all, optional(text));
}

function checkLength(field: string, text: string, mostCharacters: number): void {
  if (text.length > mostCharacters)
    throw new ConstraintError([field], `more than ${mostCharacters} characters together`);
}

function placeOf({ type }: ConstraintSpecification): string[] {
  if (type === "json_schema") return ["schema"];
  if (type === "regex") return ["pattern"];
  return type === "calls" ? ["functions"] : [];
}
