import type { GenerationEvent } from "./generation-call.ts";
import { withTimeLimit } from "./time-limit.ts";

/** What may wait for a slow reader before the generation pauses. */
const MAX_QUEUED_BYTES = 64 * 1024;
/** A reader that takes nothing for this long has left. */
const STALL_LIMIT_MS = 30_000;

/** A byte stream of JSON lines with one owner of its end. */
export class EventLines {
  readonly readable: ReadableStream<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #queuedBytes = 0;
  #ended = false;

  /** `left` is called when the reader cancels, which the runtime notices at the next write. */
  constructor(left: (reason: unknown) => void) {
    // Of the runtime's own streams a write settles when its bytes are read, which streams of JavaScript do not tell.
    const { readable, writable } = new IdentityTransformStream();
    this.readable = readable;
    this.#writer = writable.getWriter();
    this.#writer.closed.catch((reason: unknown) => {
      this.#ended = true;
      left(reason);
    });
  }

  /** InferenceError timed_out when the reader has stopped reading. */
  async write(event: GenerationEvent): Promise<void> {
    if (this.#ended) return;
    const line = new TextEncoder().encode(`${JSON.stringify(event)}\n`);
    this.#queuedBytes += line.length;
    const read = this.#writer.write(line).then(
      () => {
        this.#queuedBytes -= line.length;
      },
      // A reader that left is told to `left`.
      () => {},
    );
    if (this.#queuedBytes > MAX_QUEUED_BYTES) await withTimeLimit(read, STALL_LIMIT_MS, "the reader of the answer");
  }

  /** Ends the stream behind what was written. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#writer.close().catch(() => {});
  }
}
