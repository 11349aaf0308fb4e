/** A JSON Schema as it came: an object, or true or false. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown };

/** A function that an answer may call. */
export interface CallableFunction {
  /** Letters, digits, _ and -. */
  readonly name: string;
  /** Of the object of arguments. */
  readonly parameters: JsonSchema;
}

/**
 * What the text of an answer must be, as plain JSON: it travels with a request and is compiled wherever it is needed, the
 * same everywhere.
 */
export type ConstraintSpecification = TextSpecification | CallsSpecification;

export type TextSpecification =
  | { readonly type: "json_object" }
  | { readonly type: "json_schema"; readonly schema: JsonSchema }
  | { readonly type: "regex"; readonly pattern: string }
  | { readonly type: "choice"; readonly choices: readonly string[] };

/** Calls of functions, each as in `calls.ts`. */
export interface CallsSpecification {
  readonly type: "calls";
  readonly functions: readonly CallableFunction[];
  /** More than one call in an answer. */
  readonly parallel: boolean;
  /** What the answer may be instead: any text that does not begin like a call, or nothing but calls. */
  readonly otherwise: "text" | "nothing";
}
