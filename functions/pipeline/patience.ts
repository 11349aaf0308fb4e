import { backOff } from "./back-off.ts";

/**
 * Bounds tries that follow each other by the time since the first of them failed. Their number would say little: on a busy
 * machine a part may be lost many times before it could do anything, and a try may take seconds or nothing.
 */
export class Patience {
  readonly #limitMs: number;
  #failures = 0;
  #failingSinceMs = 0;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** What is tried has moved on: the next failure is a first one. */
  renew(): void {
    this.#failures = 0;
  }

  /** Waits before a try after a failed one, longer after each; false, at once, when they have failed for too long. */
  async another(): Promise<boolean> {
    if (this.#failures === 0) this.#failingSinceMs = Date.now();
    if (Date.now() - this.#failingSinceMs >= this.#limitMs) return false;
    await backOff(this.#failures++);
    return true;
  }
}
