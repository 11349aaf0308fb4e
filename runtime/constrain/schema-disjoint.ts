import { type SchemaObject, typesOf } from "./schema-merge.ts";
import type { JsonSchema } from "./specification.ts";

/** True when plainly nothing satisfies both of two resolved schemas: other types, or a required property with other values. */
export function areDisjoint(a: JsonSchema, b: JsonSchema, resolve: (schema: JsonSchema) => JsonSchema): boolean {
  if (a === false || b === false) return true;
  if (a === true || b === true) return false;
  if (valuesApart(a, b)) return true;
  if (a.type !== undefined && b.type !== undefined) {
    const kinds = (type: unknown) => typesOf(type).map((name) => (name === "integer" ? "number" : name));
    if (!kinds(a.type).some((type) => kinds(b.type).includes(type))) return true;
  }
  const required = (schema: SchemaObject) => (schema.required ?? []) as string[];
  return required(a)
    .filter((name) => required(b).includes(name))
    .some((name) => {
      const [inA, inB] = [propertyOf(a, name), propertyOf(b, name)].map((property) => property ?? true);
      const [left, right] = [resolve(inA!), resolve(inB!)];
      return typeof left === "object" && typeof right === "object" && a.type === "object" && valuesApart(left, right);
    });
}

function valuesApart(a: SchemaObject, b: SchemaObject): boolean {
  const [inA, inB] = [valuesOf(a), valuesOf(b)];
  return inA !== undefined && inB !== undefined && !inA.some((value) => inB.includes(value));
}

/** Where all of them are plain; objects may be the same in another order. */
function valuesOf(schema: SchemaObject): unknown[] | undefined {
  const values = Object.hasOwn(schema, "const") ? [schema.const] : (schema.enum as unknown[] | undefined);
  return values?.some((value) => typeof value === "object" && value !== null) ? undefined : values;
}

function propertyOf({ properties = {} }: SchemaObject, name: string): JsonSchema | undefined {
  return Object.hasOwn(properties as object, name) ? (properties as Record<string, JsonSchema>)[name] : undefined;
}
