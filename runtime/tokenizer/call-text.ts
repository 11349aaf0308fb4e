/** A function as a prompt shows it. */
export interface ShownFunction {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of its arguments. */
  readonly parameters: unknown;
}

/** A call that a model made. */
export interface MadeCall {
  readonly name: string;
  /** JSON text of the arguments, as the model wrote it. */
  readonly arguments: string;
}

/*
 * Gemma has no tokens for functions; this is the form that its makers suggest in "Function calling with Gemma": the
 * functions are told in words at the beginning, and a call is a JSON object. Several calls follow each other, a line each.
 */
export const CALL_BEGIN = '{"name": "';
export const CALL_PARAMETERS = '", "parameters": ';
export const CALL_END = "}";
export const CALL_SEPARATOR = "\n";

const INSTRUCTIONS = `You have access to functions. If you decide to invoke any of the function(s), you MUST put it in the format of
{"name": function name, "parameters": dictionary of argument name and its value}

You SHOULD NOT include any other text in the response if you call a function`;
const SEVERAL = "\nTo call several functions, put each call on a line of its own.";

/** What a prompt says about the functions; `parallel` when one answer may call several. */
export function functionsText(functions: readonly ShownFunction[], parallel: boolean): string {
  return `${INSTRUCTIONS}${parallel ? SEVERAL : ""}\n[\n${functions.map((shown) => JSON.stringify(shown)).join(",\n")}\n]`;
}

/** Calls as the model writes them. */
export function callsText(calls: readonly MadeCall[]): string {
  return calls
    .map(({ name, arguments: parameters }) => `${CALL_BEGIN}${name}${CALL_PARAMETERS}${parameters}${CALL_END}`)
    .join(CALL_SEPARATOR);
}

/** What a called function answered, in the fence that Gemma's examples use for it. */
export function resultText(name: string, content: string): string {
  return `\`\`\`tool_output\n${name}: ${content.trim()}\n\`\`\``;
}
