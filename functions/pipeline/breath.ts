/** How long work may go on without a pause: a frame of a screen, since tokens reach their readers in the pauses alone. */
const INTERVAL_MS = 16;

/**
 * Pauses between frames. workerd looks at its sockets and timers only when nothing else is left to do, and a ring whose
 * objects share one thread always has something left: without pauses one busy session was seen to keep its own tokens,
 * disconnects, heartbeats and time limits waiting for its whole answer.
 */
export class Breath {
  #lastMs = 0;
  #pause: Promise<void> | null = null;

  /** The pause that is due or under way; null when work may go on. */
  take(): Promise<void> | null {
    if (this.#pause === null && performance.now() - this.#lastMs > INTERVAL_MS) this.#pause = this.#rest();
    return this.#pause;
  }

  async #rest(): Promise<void> {
    // A timer, not a microtask: it fires after the sockets were looked at.
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
    this.#lastMs = performance.now();
    this.#pause = null;
  }
}
