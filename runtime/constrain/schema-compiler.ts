import { ConstraintError, type ConstraintPath } from "./constraint-error.ts";
import type { Expression, Rule } from "./expression.ts";
import type { JsonText } from "./json-text.ts";
import { integersIn, type NumberRange, numbersIn } from "./number-range.ts";
import { areDisjoint } from "./schema-disjoint.ts";
import type { JsonType } from "./schema-keywords.ts";
import { type SchemaObject, typesOf } from "./schema-merge.ts";
import { SchemaReferences } from "./schema-references.ts";
import { stringExpression } from "./schema-string.ts";
import type { JsonSchema } from "./specification.ts";

/** Of the names that others must differ from: what tells them apart is built character by character. */
const MAX_TAKEN_CHARACTERS = 4096;
const MAX_TAKEN_NAME_CHARACTERS = 256;
/** Different schemas within one, with those that joining makes. */
const MAX_SCHEMAS = 1000;
/** Of those, within one another: a schema whose joining makes ever new ones ends here. */
const MAX_NESTED = 200;
const MAX_JOINED_CHARACTERS = 128 * 1024;

/** Keywords that tell the type where none is given. */
const TYPE_OF: Readonly<Record<string, JsonType>> = {
  ...{ properties: "object", required: "object", additionalProperties: "object", propertyNames: "object" },
  ...{ items: "array", prefixItems: "array", minItems: "array", maxItems: "array" },
  ...{ minLength: "string", maxLength: "string", pattern: "string", format: "string" },
  ...{ minimum: "number", maximum: "number", exclusiveMinimum: "number", exclusiveMaximum: "number" },
};

interface Made {
  readonly rule: Rule;
  /** undefined while it is being made. */
  expression?: Expression;
  /** It holds itself. */
  recursive: boolean;
}

/**
 * JSON text that satisfies a schema, and is of `type` where that is given: not all of it, but nothing else. Properties come
 * in the schema's order, and others than those only where `additionalProperties` asks for them or none are named. The
 * schema has passed `checkSchemaText`. ConstraintError for what is not supported or goes over a limit.
 */
export function schemaExpression(
  json: JsonText,
  schema: JsonSchema,
  path: ConstraintPath,
  type?: JsonType,
): Expression {
  const compiler = new SchemaCompiler(json, schema);
  return type ? compiler.compileAs(type, schema, path) : compiler.compile(schema, path);
}

class SchemaCompiler {
  readonly #json: JsonText;
  readonly #references: SchemaReferences;
  /** By the text of what is resolved. */
  readonly #made = new Map<string, Made>();
  #nested = 0;

  constructor(json: JsonText, root: JsonSchema) {
    this.#json = json;
    this.#references = new SchemaReferences(root);
  }

  compileAs(type: JsonType, schema: JsonSchema, path: ConstraintPath): Expression {
    return this.compile(this.#references.join({ type }, this.#references.resolve(schema, path), path), path);
  }

  compile(schema: JsonSchema, path: ConstraintPath): Expression {
    const resolved = this.#references.resolve(schema, path);
    if (resolved === false) return this.#json.expressions.choice();
    if (resolved === true) return this.#json.value();
    const key = JSON.stringify(resolved);
    const known = this.#made.get(key);
    if (known?.expression) return known.expression;
    if (known) {
      known.recursive = true;
      return known.rule;
    }
    if (
      this.#made.size >= MAX_SCHEMAS ||
      this.#nested >= MAX_NESTED ||
      key.length > MAX_JOINED_CHARACTERS ||
      this.#json.expressions.full
    )
      throw new ConstraintError(
        path,
        `the schema comes to more than ${MAX_SCHEMAS} schemas, or to larger ones than can be; make it smaller`,
      );
    const made: Made = { rule: this.#json.expressions.rule(), recursive: false };
    this.#made.set(key, made);
    this.#nested += 1;
    const body = this.#build(resolved, path);
    this.#nested -= 1;
    made.rule.body = body;
    made.expression = made.recursive ? made.rule : body;
    return made.expression;
  }

  #build(schema: SchemaObject, path: ConstraintPath): Expression {
    if (schema.anyOf) return this.#branches(schema, "anyOf", path);
    if (schema.oneOf) return this.#branches(schema, "oneOf", path);
    const given = schema.type === undefined ? undefined : (typesOf(schema.type) as JsonType[]);
    if (Object.hasOwn(schema, "enum") || Object.hasOwn(schema, "const")) return this.#values(schema, given, path);
    const types = given ?? [...new Set(Object.keys(schema).flatMap((keyword) => TYPE_OF[keyword] ?? []))];
    if (types.length === 0 && given === undefined) return this.#json.value();
    return this.#json.expressions.choice(...types.map((type) => this.#ofType(type, schema, path)));
  }

  #branches(schema: SchemaObject, keyword: "anyOf" | "oneOf", path: ConstraintPath): Expression {
    const { [keyword]: branches, ...base } = schema;
    const resolved = (branches as JsonSchema[]).map((branch, index) => {
      const place = [...path, keyword, index];
      return this.#references.join(base, this.#references.resolve(branch, place), place);
    });
    if (keyword === "oneOf") {
      const resolve = (inner: JsonSchema) => this.#references.resolve(inner, path);
      for (const [index, branch] of resolved.entries())
        if (!resolved.slice(0, index).every((other) => areDisjoint(branch, other, resolve)))
          throw new ConstraintError(
            [...path, keyword, index],
            "may hold together with a branch before it; give them different types or a constant that tells them apart, or use anyOf",
          );
    }
    return this.#json.expressions.choice(
      ...resolved.map((branch, index) => this.compile(branch, [...path, keyword, index])),
    );
  }

  #values(schema: SchemaObject, types: readonly JsonType[] | undefined, path: ConstraintPath): Expression {
    const { type: _, const: constant, enum: listed = [constant], ...rest } = schema;
    const [beside] = Object.keys(rest);
    if (beside !== undefined) throw new ConstraintError([...path, beside], "not supported beside enum and const");
    const values = (listed as unknown[]).filter((value) => !types || types.some((type) => isOfType(value, type)));
    if (values.length === 0) return this.#json.expressions.choice();
    return this.#json.expressions.oneOf(values.map((value) => JSON.stringify(value)));
  }

  #ofType(type: JsonType, schema: SchemaObject, path: ConstraintPath): Expression {
    switch (type) {
      case "object":
        return this.#object(schema, path);
      case "array":
        return this.#array(schema, path);
      case "string":
        return stringExpression(this.#json, schema, path);
      case "integer":
      case "number":
        return this.#number(type, schema);
      default:
        return this.#json[type];
    }
  }

  #object(schema: SchemaObject, path: ConstraintPath): Expression {
    const json = this.#json;
    const { expressions } = json;
    const { properties = {}, required = [], additionalProperties: additional } = schema;
    const named = new Map(Object.entries(properties as Record<string, JsonSchema>));
    const rest = (additional ?? true) as JsonSchema;
    for (const name of required as string[]) if (!named.has(name)) named.set(name, rest);
    const members = [...named].map(([name, value]) => ({
      pair: json.pair(
        expressions.literal(JSON.stringify(name)),
        this.compile(value, [
          ...path,
          ...(Object.hasOwn(properties as object, name) ? ["properties", name] : ["required"]),
        ]),
      ),
      required: (required as string[]).includes(name),
    }));
    const open = additional === undefined ? named.size === 0 : additional !== false;
    const name =
      open || Object.hasOwn(schema, "propertyNames") ? this.#otherName(schema, [...named.keys()], path) : null;
    const others = name && open ? json.pair(name, this.compile(rest, [...path, "additionalProperties"])) : null;
    return json.objectOf(members, others);
  }

  /** A name that is none of `taken`, where propertyNames allows it and those. */
  #otherName({ propertyNames = true }: SchemaObject, taken: readonly string[], path: ConstraintPath): Expression {
    const place = [...path, "propertyNames"];
    const allowed = this.#references.resolve(propertyNames as JsonSchema, place);
    const names = this.#references.join({ type: "string" }, allowed, place);
    if (names !== false && Object.keys(names).join() === "type") {
      if (
        taken.join("").length > MAX_TAKEN_CHARACTERS ||
        taken.some(({ length }) => length > MAX_TAKEN_NAME_CHARACTERS)
      )
        throw new ConstraintError(
          [...path, "additionalProperties"],
          `supported beside names of up to ${MAX_TAKEN_NAME_CHARACTERS} characters each and ${MAX_TAKEN_CHARACTERS} together`,
        );
      return this.#json.nameBeside(taken);
    }
    if (taken.length === 0) return this.compile(names, place);
    const { type: _, enum: listed, ...rest } = names as SchemaObject;
    if (!Array.isArray(listed) || Object.keys(rest).length > 0 || !taken.every((name) => listed.includes(name)))
      throw new ConstraintError(place, "supported beside named properties only as a list that holds their names");
    return this.compile({ enum: listed.filter((name) => typeof name === "string" && !taken.includes(name)) }, place);
  }

  #array(schema: SchemaObject, path: ConstraintPath): Expression {
    const {
      prefixItems = [],
      items,
      minItems = 0,
      maxItems = Number.POSITIVE_INFINITY,
    } = schema as {
      prefixItems?: JsonSchema[];
      items?: JsonSchema;
      minItems?: number;
      maxItems?: number;
    };
    if (minItems > maxItems) return this.#json.expressions.choice();
    const first = prefixItems
      .slice(0, maxItems)
      .map((item, index) => this.compile(item, [...path, "prefixItems", index]));
    // After the first ones others come only where they are described or needed.
    const others = items ?? (first.length === 0 || minItems > first.length);
    const item = others === false ? null : this.compile(others, [...path, "items"]);
    if (item === null && minItems > first.length) return this.#json.expressions.choice();
    return this.#json.array(item, minItems, maxItems, first);
  }

  #number(type: "integer" | "number", schema: SchemaObject): Expression {
    const { minimum: min, maximum: max, exclusiveMinimum: exclusiveMin, exclusiveMaximum: exclusiveMax } = schema;
    const bounds = Object.entries({ min, max, exclusiveMin, exclusiveMax }).filter(([, bound]) => bound !== undefined);
    if (bounds.length === 0) return this.#json[type];
    const range: NumberRange = Object.fromEntries(bounds);
    return type === "integer" ? integersIn(this.#json, range) : numbersIn(this.#json, range);
  }
}

function isOfType(value: unknown, type: JsonType): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return type === "integer" ? Number.isInteger(value) : typeof value === type;
}
