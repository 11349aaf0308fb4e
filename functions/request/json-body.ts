import { ApiError } from "../errors.ts";

export const MAX_BODY_BYTES = 1024 * 1024;
/** A caller that takes longer to send a body holds a request open for nothing. */
export const BODY_LIMIT_MS = 30_000;
/** Messages with parts need 5; the rest is room for fields that are refused by name. */
const MAX_DEPTH = 32;

/** Reads a request's body as a JSON object of at most MAX_BODY_BYTES; integers beyond 2^53 arrive as bigint, exact. */
export async function readJsonBody(request: Request): Promise<Record<string, unknown>> {
  return parseJsonObject(await readBodyText(request));
}

/** The same where everything has a default: no body at all is an empty object. */
export async function readOptionalJsonBody(request: Request): Promise<Record<string, unknown>> {
  return parseJsonObject((await readBodyText(request)) || "{}");
}

/** A body that was read as text, as `readJsonBody` reads it. */
export function parseJsonObject(text: string): Record<string, unknown> {
  checkDepth(text);
  let body: unknown;
  try {
    body = JSON.parse(text, exactIntegers);
  } catch (cause) {
    throw new ApiError(400, "invalid_json", "The body is not valid JSON.", { cause });
  }
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw new ApiError(400, "invalid_json", "The body must be a JSON object.");
  return body as Record<string, unknown>;
}

/** The text of a body of at most MAX_BODY_BYTES. */
export async function readBodyText(request: Request): Promise<string> {
  const tooLarge = () => new ApiError(413, "request_too_large", `The body is larger than ${MAX_BODY_BYTES} bytes.`);
  if (Number(request.headers.get("content-length")) > MAX_BODY_BYTES) throw tooLarge();
  if (!request.body) return "";
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  const reader = request.body.getReader();
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), BODY_LIMIT_MS);
  // Ends the read that is under way.
  late.signal.addEventListener("abort", () => void reader.cancel().catch(() => undefined));
  let bytes = 0;
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (late.signal.aborted) throw tooSlow();
      if (done) return text + decoder.decode();
      bytes += value.byteLength;
      if (bytes > MAX_BODY_BYTES) throw tooLarge();
      text += decoder.decode(value, { stream: true });
    }
  } catch (cause) {
    if (cause instanceof ApiError) throw cause;
    // A read of the network's own stream fails when it is cut off, others end.
    if (late.signal.aborted) throw tooSlow();
    throw new ApiError(400, "invalid_body", "The body could not be read as UTF-8 text.", { cause });
  } finally {
    clearTimeout(timer);
    void reader.cancel().catch(() => undefined);
  }
}

const tooSlow = () =>
  new ApiError(408, "request_timeout", `The body did not arrive within ${BODY_LIMIT_MS / 1000} s. Send it again.`);

/** Counts brackets outside strings, so that nothing recursive ever sees a body nested without end. */
function checkDepth(text: string): void {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (inString) {
      if (character === "\\") at++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    if (depth > MAX_DEPTH)
      throw new ApiError(400, "invalid_json", `The body is nested more than ${MAX_DEPTH} levels deep.`);
  }
}

/** The source text of a number comes with the third argument (ECMAScript's JSON.parse source text access). */
function exactIntegers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && /^-?\d{1,40}$/.test(source) ? BigInt(source) : value;
}
