import { ConstraintError, type ConstraintPath } from "./constraint-error.ts";
import { assertions } from "./schema-keywords.ts";
import { mergeSchemas, type SchemaObject } from "./schema-merge.ts";
import type { JsonSchema } from "./specification.ts";

/** References and allOf that follow each other. */
const MAX_HOPS = 32;
/** Of references and parts of allOf, over all places that hold them. */
const MAX_JOINS = 5000;

/** Replaces what a schema says in other places by what they say. */
export class SchemaReferences {
  readonly #root: JsonSchema;
  #joins = 0;

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  /** The schema without $ref, allOf and annotations at its own level; ConstraintError where that cannot be. */
  resolve(schema: JsonSchema, path: ConstraintPath, hops = 0): JsonSchema {
    if (typeof schema === "boolean") return schema;
    if (hops > MAX_HOPS) throw new ConstraintError(path, `references follow each other more than ${MAX_HOPS} times`);
    const { $ref, allOf = [], ...own } = assertions(schema, path);
    let resolved: JsonSchema = own;
    if ($ref !== undefined) {
      const place = [...path, "$ref"];
      resolved = this.join(resolved, this.#resolvePart(this.#at($ref as string, place), place, hops), path);
    }
    for (const [index, part] of (allOf as JsonSchema[]).entries()) {
      const place = [...path, "allOf", index];
      resolved = this.join(resolved, this.#resolvePart(part, place, hops), place);
    }
    return resolved;
  }

  #resolvePart(part: JsonSchema, place: ConstraintPath, hops: number): JsonSchema {
    this.#joins += 1;
    if (this.#joins > MAX_JOINS)
      throw new ConstraintError(place, `the schema joins more than ${MAX_JOINS} references and parts of allOf`);
    return this.resolve(part, place, hops + 1);
  }

  /** What satisfies both of two resolved schemas. */
  join(a: JsonSchema, b: JsonSchema, path: ConstraintPath): JsonSchema {
    if (a === false || b === false) return false;
    if (a === true) return b;
    return b === true ? a : mergeSchemas(a, b, path);
  }

  /** RFC 6901, within the schema itself. */
  #at(reference: string, path: ConstraintPath): JsonSchema {
    const broken = (problem: string) => new ConstraintError(path, problem);
    if (reference !== "#" && !reference.startsWith("#/"))
      throw broken("only references within the schema, #/…, are supported");
    let found: unknown = this.#root;
    for (const part of reference.split("/").slice(1)) {
      const name = decoded(part, broken);
      if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) throw broken("leads nowhere");
      found = (found as SchemaObject)[name];
    }
    if (typeof found !== "boolean" && (typeof found !== "object" || found === null || Array.isArray(found)))
      throw broken("does not lead to a schema");
    return found as JsonSchema;
  }
}

function decoded(part: string, broken: (problem: string) => ConstraintError): string {
  try {
    return decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    throw broken("is not a URI fragment");
  }
}
