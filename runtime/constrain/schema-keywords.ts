import { ConstraintError, type ConstraintPath } from "./constraint-error.ts";
import type { SchemaObject } from "./schema-merge.ts";

const MAX_SCHEMA_CHARACTERS = 32 * 1024;
const MAX_SCHEMA_DEPTH = 24;
const MAX_VALUES = 1000;
const MAX_BRANCHES = 64;

export const TYPES = ["string", "integer", "number", "boolean", "null", "array", "object"] as const;
export type JsonType = (typeof TYPES)[number];

/** Keywords that say nothing about what is valid. */
const ANNOTATIONS = new Set([
  ...["title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"],
  ...["$comment", "$schema", "$id", "$defs", "definitions", "contentEncoding", "contentMediaType"],
]);

const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
const isSchema = (value: unknown) => typeof value === "boolean" || isObject(value);
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const isList = (value: unknown, most: number, isItem: (item: unknown) => boolean) =>
  Array.isArray(value) && value.length <= most && value.every(isItem);
const isType = (value: unknown) => TYPES.includes(value as JsonType);
const isBranches = (value: unknown) => isList(value, MAX_BRANCHES, isSchema) && (value as unknown[]).length > 0;
const isText = (value: unknown) => typeof value === "string";

const schemas = [isSchema, "expected a schema"] as const;
const branches = [isBranches, `expected 1 to ${MAX_BRANCHES} schemas`] as const;
const count = [isCount, "expected a whole number from 0 on"] as const;
const bound = [Number.isFinite, "expected a number"] as const;
const text = [isText, "expected a string"] as const;

type Rule = readonly [check: (value: unknown) => boolean, problem: string];

/** What each keyword must be. */
const KEYWORDS: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["$ref", text],
  [
    "type",
    [(value) => isType(value) || isList(value, TYPES.length, isType), `expected one or several of ${TYPES.join(", ")}`],
  ],
  ["enum", [(value) => isList(value, MAX_VALUES, () => true), `expected a list of at most ${MAX_VALUES} values`]],
  ["const", [() => true, ""]],
  [
    "properties",
    [(value) => isObject(value) && Object.values(value as object).every(isSchema), "expected schemas by name"],
  ],
  ["required", [(value) => isList(value, MAX_VALUES, isText), `expected a list of at most ${MAX_VALUES} names`]],
  ["additionalProperties", schemas],
  ["propertyNames", schemas],
  ["items", schemas],
  ["prefixItems", branches],
  ["minItems", count],
  ["maxItems", count],
  ["uniqueItems", [(value) => value === false, "supported only as false"]],
  ["anyOf", branches],
  ["oneOf", branches],
  ["allOf", branches],
  ["minLength", count],
  ["maxLength", count],
  ["pattern", text],
  ["format", text],
  ["minimum", bound],
  ["maximum", bound],
  ["exclusiveMinimum", bound],
  ["exclusiveMaximum", bound],
]);

/** The schema without what only describes; ConstraintError for a keyword that is not supported or has a wrong value. */
export function assertions(schema: SchemaObject, path: ConstraintPath): SchemaObject {
  const kept = Object.entries(schema).filter(([keyword]) => !ANNOTATIONS.has(keyword));
  for (const [keyword, value] of kept) {
    const rule = KEYWORDS.get(keyword);
    if (rule === undefined)
      throw new ConstraintError(
        [...path, keyword],
        `the keyword is not supported; those are: ${[...KEYWORDS.keys()].join(", ")}`,
      );
    if (!rule[0](value)) throw new ConstraintError([...path, keyword], rule[1]);
  }
  return Object.fromEntries(kept);
}

/** ConstraintError for a schema that is too large or too deep, or holds what JSON text cannot. */
export function checkSchemaText(schema: unknown, path: ConstraintPath): void {
  const check = (value: unknown, depth: number): void => {
    if (depth > MAX_SCHEMA_DEPTH) throw new ConstraintError(path, `nested more than ${MAX_SCHEMA_DEPTH} levels deep`);
    if (typeof value === "bigint") throw new ConstraintError(path, "integers beyond 2^53 are not supported");
    if (typeof value === "string" && !value.isWellFormed())
      throw new ConstraintError(path, "a text holds half of a surrogate pair");
    if (typeof value !== "object" || value === null) return;
    for (const [name, inner] of Object.entries(value)) {
      check(name, depth + 1);
      check(inner, depth + 1);
    }
  };
  check(schema, 0);
  if (JSON.stringify(schema).length > MAX_SCHEMA_CHARACTERS)
    throw new ConstraintError(path, `longer than ${MAX_SCHEMA_CHARACTERS} characters`);
}
