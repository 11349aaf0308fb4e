import { ApiError, failureError } from "./errors.ts";
import type { GenerationEvent } from "./pipeline/generation-call.ts";

/** A line holds a few token ids and their text. */
const MAX_LINE_CHARACTERS = 1 << 20;

export type AnswerEvent = Exclude<GenerationEvent, { type: "error" }>;

/** The stream of a generation broke off before its end, which says nothing about the generation. */
export class BrokenStream extends ApiError {
  constructor(cause?: unknown) {
    super(503, "stage_lost", "The pipeline was lost in the middle of the answer.", { cause });
  }
}

/**
 * The events of a conductor's byte stream, one JSON line each, up to `done`. Throws an ApiError when the generation fails,
 * and BrokenStream when the stream breaks off. Aborting `signal` ends the reading, even while a read is under way.
 */
export async function* readEvents(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  // Cancelling rejects only when the stream is broken already.
  const leave = () => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", leave, { once: true });
  let pending = "";
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause) => {
        throw new BrokenStream(cause);
      });
      if (done) throw new BrokenStream();
      pending += decoder.decode(value, { stream: true });
      if (pending.length > MAX_LINE_CHARACTERS)
        throw new BrokenStream(new Error(`a line is longer than ${MAX_LINE_CHARACTERS} characters`));
      const lines = pending.split("\n");
      pending = lines.pop()!;
      for (const line of lines) {
        const event = parseLine(line);
        if (event.type === "error") throw failureError(event.failure);
        yield event;
        if (event.type === "done") return;
      }
    }
  } finally {
    signal.removeEventListener("abort", leave);
    leave();
  }
}

function parseLine(line: string): GenerationEvent {
  try {
    return JSON.parse(line);
  } catch {
    // The parser's own message would carry the answer's text into the log.
    throw new BrokenStream(new Error("a line is not JSON"));
  }
}
