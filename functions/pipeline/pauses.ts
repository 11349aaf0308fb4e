/** Longer than a gateway tries to resume. */
export const PAUSE_LIMIT_MS = 45_000;

interface Pause {
  readonly giveUp: () => Promise<void>;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Generations whose reader vanished: nothing of them runs, and their settlement waits for somebody to resume them. */
export class Pauses {
  readonly #pauses = new Map<string, Pause>();

  get size(): number {
    return this.#pauses.size;
  }

  /** Calls `giveUp` unless the generation is taken within PAUSE_LIMIT_MS. */
  hold(id: string, giveUp: () => Promise<void>): void {
    const timer = setTimeout(() => void this.take(id)?.(), PAUSE_LIMIT_MS);
    this.#pauses.set(id, { giveUp, timer });
  }

  /** Ends the pause, for whoever goes on with the generation or gives it up: with what is returned. */
  take(id: string): (() => Promise<void>) | undefined {
    const pause = this.#pauses.get(id);
    clearTimeout(pause?.timer);
    this.#pauses.delete(id);
    return pause?.giveUp;
  }
}
