import { ConstraintError, type ConstraintPath } from "./constraint-error.ts";
import type { Expression } from "./expression.ts";
import { FORMATS } from "./formats.ts";
import type { JsonText } from "./json-text.ts";
import { type Pattern, PatternError, patternExpression } from "./pattern.ts";
import type { SchemaObject } from "./schema-merge.ts";

/**
 * The strings of a schema of type string. A ConstraintError for a pattern or format that is not supported, or whose lengths
 * are not within minLength and maxLength by themselves.
 */
export function stringExpression(json: JsonText, schema: SchemaObject, path: ConstraintPath): Expression {
  const {
    pattern,
    format,
    minLength = 0,
    maxLength = Number.POSITIVE_INFINITY,
  } = schema as {
    pattern?: string;
    format?: string;
    minLength?: number;
    maxLength?: number;
  };
  if (minLength > maxLength) return json.expressions.choice();
  // Beside a pattern a format only describes: who writes both has the pattern say what the format means.
  const keyword = pattern === undefined ? "format" : "pattern";
  const place = [...path, keyword];
  const source = pattern ?? (format === undefined ? undefined : patternOf(format, place));
  if (source === undefined) return json.stringOf(minLength, maxLength);
  const { expression, shortest, longest } = compiledPattern(json, source, place);
  if (shortest < minLength || longest > maxLength)
    throw new ConstraintError(
      place,
      `allows ${shortest} to ${longest} characters, and minLength and maxLength not all of them; say the length in the pattern`,
    );
  return json.quoted(expression);
}

function patternOf(format: string, path: ConstraintPath): string {
  const pattern = FORMATS.get(format);
  if (pattern !== undefined) return pattern;
  throw new ConstraintError(path, `the format is not supported; those are: ${[...FORMATS.keys()].join(", ")}`);
}

function compiledPattern(json: JsonText, pattern: string, path: ConstraintPath): Pattern {
  try {
    return patternExpression(json.expressions, pattern, (ranges) => json.characterOf(ranges));
  } catch (error) {
    if (error instanceof PatternError) throw new ConstraintError(path, error.message);
    throw error;
  }
}
