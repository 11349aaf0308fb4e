/** Loads that go on at once in an isolate; the parts of a small model never wait. */
const AT_ONCE = 8;
const POLL_MS = 50;
const BEAT_MS = 1000;
/** A load that has not been heard of for so long belongs to an object that is gone. When it was only slow, one more goes on. */
const GONE_MS = 5000;

interface Turn {
  seenMs: number;
}

/**
 * Has the loads of an isolate's objects go on a few at a time, in the order they came. All at once, those of a large model
 * served from one process would each take as long as all together, and read the files that they share at different times.
 * Objects poll, since one that waits for another's promise would hang for good when that one is ended.
 */
export class LoadTurns {
  readonly #turns = new Set<Turn>();

  async run<Value>(load: () => Promise<Value>): Promise<Value> {
    const turn: Turn = { seenMs: Date.now() };
    const beat = setInterval(() => {
      turn.seenMs = Date.now();
    }, BEAT_MS);
    try {
      while (!this.#has(turn)) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      return await load();
    } finally {
      clearInterval(beat);
      this.#turns.delete(turn);
    }
  }

  #has(turn: Turn): boolean {
    // Again where another took it for gone.
    this.#turns.add(turn);
    turn.seenMs = Date.now();
    for (const other of this.#turns) if (turn.seenMs - other.seenMs > GONE_MS) this.#turns.delete(other);
    return [...this.#turns].slice(0, AT_ONCE).includes(turn);
  }
}
