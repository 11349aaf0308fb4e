import { EventLines } from "./event-lines.ts";
import type { GenerationEvent } from "./generation-call.ts";

/** Events that a generation may be ahead of its fastest reader, beside what waits in that one's stream. */
const MAX_AHEAD_EVENTS = 64;
/** Streams of one generation at the same time. */
const MAX_READERS = 64;

/** One more stream of a generation, and its name for `leave`. */
export interface JoinedReader {
  readonly reader: string;
  readonly events: ReadableStream<Uint8Array>;
}

interface Reader {
  readonly lines: EventLines;
  /** Events that its stream took. */
  taken: number;
}

/**
 * The events of one run, for any number of readers: each gets all of them from the first on, in its own time, and leaves
 * when it likes. Memory holds one copy of the events, and a bounded stream for each reader.
 */
export class Readers {
  readonly #events: GenerationEvent[] = [];
  readonly #readers = new Map<string, Reader>();
  readonly #onEmpty: (how: "paused" | "left") => void;
  #news = Promise.withResolvers<void>();
  #progress = Promise.withResolvers<void>();
  #closed = false;

  /** `onEmpty` is called when the last reader is gone before the end: it said so ("paused"), or just vanished ("left"). */
  constructor(onEmpty: (how: "paused" | "left") => void) {
    this.#onEmpty = onEmpty;
  }

  /** A stream of all events; null when there are MAX_READERS already. */
  join(): JoinedReader | null {
    if (this.#readers.size >= MAX_READERS) return null;
    const name = crypto.randomUUID();
    const lines = new EventLines(() => this.#drop(name, "left"));
    const reader = { lines, taken: 0 };
    this.#readers.set(name, reader);
    void this.#follow(name, reader);
    return { reader: name, events: lines.readable };
  }

  leave(reader: string): void {
    this.#readers.get(reader)?.lines.close();
    this.#drop(reader, "paused");
  }

  /** Waits while even the fastest reader is far behind. */
  async write(event: GenerationEvent): Promise<void> {
    this.#append(event);
    while (this.#readers.size > 0 && this.#events.length - this.#furthest() > MAX_AHEAD_EVENTS)
      await this.#progress.promise;
  }

  /** Ends every stream behind `last`; without one it breaks off. */
  close(last: GenerationEvent | null): void {
    this.#closed = true;
    if (last !== null) this.#append(last);
    else this.#tell();
  }

  #append(event: GenerationEvent): void {
    this.#events.push(event);
    this.#tell();
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  #furthest(): number {
    return Math.max(...[...this.#readers.values()].map(({ taken }) => taken));
  }

  async #follow(name: string, reader: Reader): Promise<void> {
    while (this.#readers.has(name)) {
      const event = this.#events[reader.taken];
      if (event !== undefined) {
        await reader.lines.write(event);
        reader.taken++;
        this.#advance();
      } else if (this.#closed) {
        reader.lines.close();
        this.#readers.delete(name);
      } else await this.#news.promise;
    }
  }

  #drop(name: string, how: "paused" | "left"): void {
    if (!this.#readers.delete(name)) return;
    this.#advance();
    if (this.#readers.size === 0 && !this.#closed) this.#onEmpty(how);
  }

  #advance(): void {
    this.#progress.resolve();
    this.#progress = Promise.withResolvers();
  }
}
