import { InferenceError } from "../../runtime/errors.ts";
import type { Replicas, Route } from "./replicas.ts";

/** A request that waits longer than this is better tried again. */
export const WAIT_LIMIT_MS = 10_000;
export const MAX_WAITING = 256;

interface Waiting {
  readonly tokens: number;
  readonly resumed: boolean;
  readonly admit: (route: Route) => void;
}

/** Lets sessions in while there are slots and KV cache for all of their tokens; others wait in order, not for ever. */
export class Admission {
  readonly #replicas: Replicas;
  readonly #maxSessions: number;
  readonly #waiting: Waiting[] = [];
  #sessions = 0;

  constructor(replicas: Replicas, maxSessions: number) {
    this.#replicas = replicas;
    this.#maxSessions = maxSessions;
  }

  get sessions(): number {
    return this.#sessions;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Reserves a slot, and `tokens` of KV cache on a route. InferenceError unsupported when no route could ever hold that
   * many, out_of_capacity when there is no room in time; rejects with the signal's reason when it is aborted. What was
   * admitted before and is resumed goes before all that waits.
   */
  async admit(tokens: number, signal: AbortSignal, resumed = false): Promise<Route> {
    signal.throwIfAborted();
    if (tokens > this.#replicas.kvTokens) {
      throw new InferenceError(
        "unsupported",
        `prompt and answer may take ${tokens} tokens, a stage has KV cache for ${this.#replicas.kvTokens} (LAPIDARY_KV_TOKENS)`,
      );
    }
    const others = this.#waiting.some((waiting) => waiting.resumed || !resumed);
    const route = others ? null : this.#take(tokens);
    return route ?? (await this.#wait(tokens, signal, resumed));
  }

  /** Gives a session's place back. */
  release(route: Route, tokens: number): void {
    this.#sessions--;
    this.#replicas.release(route, tokens);
    this.#admitNext();
  }

  /** Another route for an admitted session, away from failed replicas; its slot stays. */
  reroute(route: Route, tokens: number): Route {
    this.#replicas.release(route, tokens);
    // What was just given back always fits again.
    return this.#replicas.stitch(tokens)!;
  }

  #take(tokens: number): Route | null {
    const route = this.#sessions < this.#maxSessions ? this.#replicas.stitch(tokens) : null;
    if (route !== null) this.#sessions++;
    return route;
  }

  /** In order of arrival: a large request is not overtaken for ever by small ones. */
  #admitNext(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const route = this.#take(first.tokens);
      if (route === null) return;
      this.#waiting.shift();
      first.admit(route);
    }
  }

  async #wait(tokens: number, signal: AbortSignal, resumed: boolean): Promise<Route> {
    if (this.#waiting.length >= MAX_WAITING && !resumed) {
      throw new InferenceError("out_of_capacity", `${MAX_WAITING} requests are waiting already`);
    }
    const { promise, resolve, reject } = Promise.withResolvers<Route>();
    const waiting = { tokens, resumed, admit: resolve };
    const leave = (reason: unknown) => {
      const index = this.#waiting.indexOf(waiting);
      if (index < 0) return;
      this.#waiting.splice(index, 1);
      reject(reason);
      this.#admitNext();
    };
    const full = new InferenceError(
      "out_of_capacity",
      `no session slot or KV cache for ${tokens} tokens became free within ${WAIT_LIMIT_MS} ms`,
    );
    const timer = setTimeout(() => leave(full), WAIT_LIMIT_MS);
    const aborted = () => leave(signal.reason);
    signal.addEventListener("abort", aborted, { once: true });
    const behind = resumed ? this.#waiting.findIndex((other) => !other.resumed) : -1;
    this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, waiting);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", aborted);
    }
  }
}
