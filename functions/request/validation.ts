import type { z } from "zod";
import { ApiError } from "../errors.ts";
import { isAcceptedField } from "./accepted-fields.ts";

const MAX_NAMED_FIELDS = 8;
const MAX_NAME_CHARACTERS = 64;

type Issue = z.core.$ZodIssue;

/**
 * Checks a request's body against a strict schema. A known field that is null counts as absent. Throws an ApiError (400)
 * that names the field and what it may be, and never repeats a value.
 */
export function validate<Shape extends z.core.$ZodShape>(
  schema: z.ZodObject<Shape, z.core.$strict>,
  body: Record<string, unknown>,
): z.output<z.ZodObject<Shape, z.core.$strict>> {
  const present = Object.fromEntries(
    Object.entries(body).filter(([name, value]) => value !== null || !Object.hasOwn(schema.shape, name)),
  );
  // Such a key never reaches zod as a key.
  if (Object.hasOwn(body, "__proto__")) throw unknownFields(["__proto__"], []);
  const parsed = schema.safeParse(present);
  if (parsed.success) return parsed.data;
  const unknown = parsed.error.issues.find((issue) => issue.code === "unrecognized_keys");
  if (unknown) throw unknownFields(unknown.keys, unknown.path);
  throw asApiError(mostSpecific(parsed.error.issues[0]!), present, schema.shape);
}

function asApiError(issue: Issue, body: Record<string, unknown>, shape: z.core.$ZodShape): ApiError {
  if (issue.code === "unrecognized_keys") return unknownFields(issue.keys, issue.path);
  const param = fieldName(issue.path);
  if (issue.code === "invalid_type" && valueAt(body, issue.path) === undefined)
    return new ApiError(400, "missing_required_parameter", `Missing field: ${param}.`, { param });
  const code = isAcceptedField(shape[String(issue.path[0])]) ? "unsupported_parameter" : "invalid_value";
  return new ApiError(400, code, `${param}: ${issue.message}.`, { param });
}

function unknownFields(keys: readonly string[], path: readonly PropertyKey[]): ApiError {
  const names = keys.slice(0, MAX_NAMED_FIELDS).map((key) => fieldName([...path, key]));
  const rest = keys.length > names.length ? ` and ${keys.length - names.length} more` : "";
  const message = `Unknown ${keys.length === 1 ? "field" : "fields"}: ${names.join(", ")}${rest}. Nothing is accepted and then ignored: leave it out.`;
  return new ApiError(400, "unknown_parameter", message, { param: names[0]! });
}

/** Of a union's branches the one that came furthest, which is the one the caller meant. */
function mostSpecific(issue: Issue): Issue {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return issue;
  const candidates = issue.errors.flatMap((branch) => branch.slice(0, 1)).map((inner) => mostSpecific(inner));
  const depth = Math.max(0, ...candidates.map((candidate) => candidate.path.length));
  const furthest = candidates.find((candidate) => candidate.path.length === depth);
  return furthest && depth > 0 ? { ...furthest, path: [...issue.path, ...furthest.path] } : issue;
}

/** `messages[0].content`; names that a caller invented are cut and made printable. */
export function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, key) => {
    if (typeof key === "number") return `${name}[${key}]`;
    const printable = String(key)
      .slice(0, MAX_NAME_CHARACTERS)
      .replace(/[^\x20-\x7e]/g, "?");
    return name ? `${name}.${printable}` : printable;
  }, "");
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], body);
}
