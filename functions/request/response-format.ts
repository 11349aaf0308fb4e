import { z } from "zod";
import type { JsonSchema, TextSpecification } from "../../runtime/constrain/specification.ts";
import { text } from "./generation-fields.ts";

export const MAX_CHOICES = 1000;
const MAX_CHOICE_CHARACTERS = 1024;
const MAX_PATTERN_CHARACTERS = 4096;
const MAX_DESCRIPTION_CHARACTERS = 8192;

const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);

/** Checked when it is compiled, which tells the keyword that is wrong. */
export const jsonSchema = z
  .custom<JsonSchema>((value) => typeof value === "boolean" || isObject(value), "expected a JSON schema")
  .meta({ type: ["object", "boolean"], description: "JSON Schema 2020-12, the keywords listed in docs/api.md" });

/** The names that OpenAI allows for schemas and functions. */
export const givenName = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, "expected 1 to 64 letters, digits, _ or -");
export const description = text.max(MAX_DESCRIPTION_CHARACTERS);

/** What the text of an answer must be. regex and choice are not OpenAI's. */
export const responseFormat = z.discriminatedUnion(
  "type",
  [
    z.strictObject({ type: z.literal("text") }),
    z.strictObject({ type: z.literal("json_object") }),
    z.strictObject({
      type: z.literal("json_schema"),
      json_schema: z.strictObject({
        name: givenName,
        description: description.nullish(),
        schema: jsonSchema,
        strict: z.boolean().nullish(),
      }),
    }),
    z.strictObject({ type: z.literal("regex"), pattern: text.min(1).max(MAX_PATTERN_CHARACTERS) }),
    z.strictObject({
      type: z.literal("choice"),
      choices: z.array(text.min(1).max(MAX_CHOICE_CHARACTERS)).min(1).max(MAX_CHOICES),
    }),
  ],
  { error: "expected text, json_object, json_schema, regex or choice" },
);

/** undefined: any text. */
export function textSpecification(format: z.output<typeof responseFormat> | undefined): TextSpecification | undefined {
  switch (format?.type) {
    case undefined:
    case "text":
      return undefined;
    case "json_schema":
      return { type: "json_schema", schema: format.json_schema.schema };
    default:
      return format;
  }
}
