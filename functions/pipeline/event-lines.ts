import type { GenerationEvent } from "./generation-call.ts";
import { withTimeLimit } from "./time-limit.ts";

/** What may wait for a slow reader before the generation pauses. */
const MAX_QUEUED_BYTES = 64 * 1024;
/** A reader that takes nothing for this long has left. */
const STALL_LIMIT_MS = 30_000;

/** A byte stream of JSON lines with one owner of its end. */
export class EventLines {
  readonly readable: ReadableStream<Uint8Array>;
  #controller!: ReadableByteStreamController;
  #drained = Promise.withResolvers<void>();
  #ended = false;

  /** `left` is called when the reader cancels, which the runtime notices at the next write. */
  constructor(left: (reason: unknown) => void) {
    this.readable = new ReadableStream(
      {
        type: "bytes",
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#drained.resolve(),
        cancel: (reason) => {
          this.#ended = true;
          this.#drained.resolve();
          left(reason);
        },
      },
      { highWaterMark: MAX_QUEUED_BYTES },
    );
  }

  /** InferenceError timed_out when the reader has stopped reading. */
  async write(event: GenerationEvent): Promise<void> {
    if (this.#ended) return;
    this.#drained = Promise.withResolvers();
    this.#controller.enqueue(new TextEncoder().encode(`${JSON.stringify(event)}\n`));
    if (this.#controller.desiredSize === null || this.#controller.desiredSize > 0) return;
    await withTimeLimit(this.#drained.promise, STALL_LIMIT_MS, "the reader of the answer");
  }

  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#controller.close();
  }
}
