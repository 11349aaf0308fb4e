import { z } from "zod";

export type JsonSchema = Record<string, unknown>;

/** A zod schema as JSON Schema 2020-12, the dialect of OpenAPI 3.1, of what a client sends or is sent. */
export function jsonSchemaOf(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    // What JSON has no word for stays without a type, but a big integer is an integer like any other.
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === "bigint") jsonSchema.type = "integer";
      // JSON Schema wants at least one of what a tuple begins with.
      if (Array.isArray(jsonSchema.prefixItems) && jsonSchema.prefixItems.length === 0) {
        delete jsonSchema.prefixItems;
        jsonSchema.maxItems = 0;
      }
    },
  });
  return rest;
}

/** The same of a request's body: null stands for absent in every field that may be left out. */
export function bodySchemaOf(schema: z.ZodType): JsonSchema {
  const json = jsonSchemaOf(schema, "input");
  const required = new Set((json.required as string[] | undefined) ?? []);
  const properties = Object.entries((json.properties as Record<string, JsonSchema> | undefined) ?? {});
  return {
    ...json,
    properties: Object.fromEntries(
      properties.map(([name, property]) => [name, required.has(name) ? property : orNull(property)]),
    ),
  };
}

function orNull({ description, ...schema }: JsonSchema): JsonSchema {
  return { ...(description !== undefined && { description }), anyOf: [schema, { type: "null" }] };
}
