import { existsSync } from "node:fs";
import { z } from "zod";
import { WeightsError } from "../errors.ts";
import { readSmallFile } from "./file-reader.ts";

/** Reads and checks a JSON file; throws a WeightsError that names the file and the field. */
export async function readJsonFile<T>(path: string, maxBytes: number, schema: z.ZodType<T>): Promise<T> {
  const text = new TextDecoder().decode(await readSmallFile(path, maxBytes));
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new WeightsError(`${path} is not JSON`, { cause });
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw new WeightsError(`${path}: ${z.prettifyError(parsed.error)}`, { cause: parsed.error });
  return parsed.data;
}

/** The same for a file that may be absent: then undefined. */
export async function readOptionalJsonFile<T>(
  path: string,
  maxBytes: number,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  return existsSync(path) ? readJsonFile(path, maxBytes, schema) : undefined;
}
