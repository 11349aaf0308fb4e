import { ConstraintError, type ConstraintPath } from "./constraint-error.ts";
import type { JsonSchema } from "./specification.ts";

export type SchemaObject = { readonly [keyword: string]: unknown };

const LOWER_BOUNDS = ["minimum", "exclusiveMinimum", "minLength", "minItems"];
const UPPER_BOUNDS = ["maximum", "exclusiveMaximum", "maxLength", "maxItems"];
/** Branches of two anyOf that are joined. */
const MAX_PAIRS = 64;
const SUBSCHEMAS = ["items", "additionalProperties", "propertyNames"];
const EITHER = ["pattern", "format", "prefixItems", "oneOf"];

/** One schema for what satisfies both; ConstraintError where that cannot be said in one. */
export function mergeSchemas(a: SchemaObject, b: SchemaObject, path: ConstraintPath): JsonSchema {
  const merged: Record<string, unknown> = { ...a, ...b };
  for (const [keyword, value] of Object.entries(b)) {
    const other = a[keyword];
    if (!Object.hasOwn(a, keyword) || same(value, other)) continue;
    const both = (combine: (x: number, y: number) => number) => combine(Number(other), Number(value));
    if (LOWER_BOUNDS.includes(keyword)) merged[keyword] = both(Math.max);
    else if (UPPER_BOUNDS.includes(keyword)) merged[keyword] = both(Math.min);
    else if (keyword === "type") merged.type = commonTypes(typesOf(other), typesOf(value));
    else if (keyword === "required") merged.required = [...new Set([...listOf(other), ...listOf(value)])];
    else if (SUBSCHEMAS.includes(keyword)) merged[keyword] = { allOf: [other, value] };
    else if (keyword === "anyOf") merged.anyOf = pairs(listOf(other), listOf(value), [...path, keyword]);
    else if (EITHER.includes(keyword))
      throw new ConstraintError([...path, keyword], "two of them cannot be joined; say it in one");
  }
  const values = enumOf(a, b);
  if (values !== undefined) {
    delete merged.const;
    merged.enum = values;
  }
  if (Object.hasOwn(a, "properties") || Object.hasOwn(b, "properties")) merged.properties = properties(a, b);
  return merged;
}

/** Every branch of one with every branch of the other. */
function pairs(a: readonly unknown[], b: readonly unknown[], path: ConstraintPath): unknown[] {
  if (a.length * b.length > MAX_PAIRS)
    throw new ConstraintError(path, `joined, the branches are more than ${MAX_PAIRS}; say it with fewer`);
  return a.flatMap((x) => b.map((y) => ({ allOf: [x, y] })));
}

/** What either says about a name, and what the other says about names that it does not know. */
function properties(a: SchemaObject, b: SchemaObject): Record<string, unknown> {
  const [inA, inB] = [entriesOf(a.properties), entriesOf(b.properties)];
  const about = (name: string, own: ReadonlyMap<string, unknown>, schema: SchemaObject) =>
    own.has(name)
      ? [own.get(name)]
      : Object.hasOwn(schema, "additionalProperties")
        ? [schema.additionalProperties]
        : [];
  return Object.fromEntries(
    [...new Set([...inA.keys(), ...inB.keys()])].map((name) => {
      const said = [...about(name, inA, a), ...about(name, inB, b)];
      return [name, said.length === 1 ? said[0] : { allOf: said }];
    }),
  );
}

/** Values that both allow; undefined where neither lists any. */
function enumOf(a: SchemaObject, b: SchemaObject): unknown[] | undefined {
  const lists = [a, b].flatMap((schema) => [
    ...(Object.hasOwn(schema, "enum") ? [listOf(schema.enum)] : []),
    ...(Object.hasOwn(schema, "const") ? [[schema.const]] : []),
  ]);
  if (lists.length === 0) return undefined;
  return lists.reduce((left, right) => left.filter((value) => right.some((other) => same(value, other))));
}

/** integer is a kind of number. */
function commonTypes(a: readonly string[], b: readonly string[]): string[] {
  const covers = (types: readonly string[], type: string) =>
    types.includes(type) || (type === "integer" && types.includes("number"));
  return [...new Set([...a.filter((type) => covers(b, type)), ...b.filter((type) => covers(a, type))])];
}

export const typesOf = (type: unknown): string[] => (Array.isArray(type) ? type : [type]).map(String);
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const entriesOf = (value: unknown) => new Map(Object.entries((value ?? {}) as object));
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
