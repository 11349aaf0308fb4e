import type { PartState } from "./assignment.ts";
import { LoadTurns } from "./load-turns.ts";
import { LOAD_LIMIT_MS, withTimeLimit } from "./time-limit.ts";

/** Of all parts in this isolate. */
const turns = new LoadTurns();

/** Something that is loaded on first use, once, and again after a failure or when it should be another. */
export class LazyPart<Part> {
  #state: PartState = "empty";
  #key = "";
  #loading: Promise<Part> | null = null;
  #part: Part | null = null;
  #failure: string | null = null;

  get state(): PartState {
    return this.#state;
  }

  get part(): Part | null {
    return this.#part;
  }

  /** Why the last load failed. */
  get failure(): string | null {
    return this.#failure;
  }

  /**
   * The part that `key` describes; callers share one load, and a load that fails, or takes over LOAD_LIMIT_MS from its turn
   * on, leaves the way free for the next.
   */
  async ensureReady(key: string, load: () => Promise<Part>): Promise<Part> {
    if (this.#loading === null || this.#key !== key) {
      const loading: Promise<Part> = this.#load(this.#loading, load).catch((error: unknown) => {
        if (this.#loading === loading) this.#loading = null;
        throw error;
      });
      this.#key = key;
      this.#loading = loading;
    }
    return await this.#loading;
  }

  async #load(previous: Promise<Part> | null, load: () => Promise<Part>): Promise<Part> {
    await previous?.catch(() => {});
    this.#state = "loading";
    this.#part = null;
    this.#failure = null;
    try {
      this.#part = await turns.run(() => withTimeLimit(load(), LOAD_LIMIT_MS, "the source of the model"));
      this.#state = "ready";
      return this.#part;
    } catch (error) {
      this.#state = "failed";
      this.#failure = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }
}
