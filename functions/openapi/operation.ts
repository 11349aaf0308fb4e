import type { z } from "zod";

/** One thing that the API does. */
export interface Operation {
  readonly method: "get" | "post" | "patch" | "delete";
  /** With `{parameters}`. */
  readonly path: string;
  readonly summary: string;
  readonly security: "tenant" | "admin" | "none";
  readonly query?: z.ZodObject;
  /** Headers that mean something, and what. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: z.ZodObject;
  readonly bodyOptional?: true;
  readonly status: 200 | 201 | 204;
  /** Of the status above; absent: no body. */
  readonly reply?: z.ZodType;
  /** Of an event of the stream, where there is one. */
  readonly event?: z.ZodType;
  /** Other media types of the status above. */
  readonly text?: readonly string[];
  /** Every other status. */
  readonly errors: readonly number[];
}
