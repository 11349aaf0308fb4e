import type { GenerationEvent } from "./generation-call.ts";
import { withTimeLimit } from "./time-limit.ts";

/** What may wait for a slow reader before the generation pauses. */
const MAX_QUEUED_BYTES = 64 * 1024;
/** A reader that takes nothing for this long has left. */
export const STALL_LIMIT_MS = 30_000;

const encoder = new TextEncoder();

/** A byte stream of JSON lines with one owner of its end. */
export class EventLines {
  readonly readable: ReadableStream<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #left: (reason: unknown) => void;
  #queuedBytes = 0;
  #ended = false;

  /** `left` is called when the reader cancels, which the runtime notices at the next write, or has stopped reading. */
  constructor(left: (reason: unknown) => void) {
    // Of the runtime's own streams a write settles when its bytes are read, which streams of JavaScript do not tell.
    const { readable, writable } = new IdentityTransformStream();
    this.readable = readable;
    this.#writer = writable.getWriter();
    this.#left = left;
    this.#writer.closed.catch((reason: unknown) => this.#leave(reason));
  }

  /** Waits while too much is unread; nothing is written once the reader has left. */
  async write(event: GenerationEvent): Promise<void> {
    if (this.#ended) return;
    const line = encoder.encode(`${JSON.stringify(event)}\n`);
    this.#queuedBytes += line.length;
    const read = this.#writer.write(line).then(
      () => {
        this.#queuedBytes -= line.length;
      },
      (reason: unknown) => this.#leave(reason),
    );
    if (this.#queuedBytes <= MAX_QUEUED_BYTES) return;
    try {
      await withTimeLimit(read, STALL_LIMIT_MS, "the reader of the answer");
    } catch (stalled) {
      this.#leave(stalled);
    }
  }

  /** Ends the stream behind what was written. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#writer.close().catch(() => {});
  }

  #leave(reason: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#writer.abort(reason).catch(() => {});
    this.#left(reason);
  }
}
