/** What may be said of an event: ids, codes, counts. Never text of a request or an answer, never a secret. */
export type LogDetail = Readonly<Record<string, string | number | undefined>>;

/** Writes one line of JSON for the operator: a failure ("error"), or trouble that is being mended ("warn"). */
export function logLine(level: "warn" | "error", event: string, detail: LogDetail = {}, cause?: unknown): void {
  console[level](JSON.stringify({ level, event, ...detail, ...(cause !== undefined && { cause: causeText(cause) }) }));
}

/** With the stack, and what lies behind it. */
function causeText(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const text = cause.stack ?? cause.message;
  return cause.cause === undefined ? text : `${text}\ncaused by ${causeText(cause.cause)}`;
}
