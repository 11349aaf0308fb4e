import { InferenceError } from "../../runtime/errors.ts";
import type { PrefixAsked, PrefixCache, PrefixClaim } from "./prefix-cache.ts";
import type { Replicas, Route } from "./replicas.ts";

/** A request that waits longer than this is better tried again. */
export const WAIT_LIMIT_MS = 10_000;
export const MAX_WAITING = 256;

export interface SeatAsked {
  /** Prompt and answer at most. */
  readonly tokens: number;
  /** What the session may share with others; null when it has to compute everything itself. */
  readonly prefix: PrefixAsked | null;
}

/** Where a session runs, with room for all of its tokens. */
export interface Seat {
  readonly route: Route;
  readonly tokens: number;
  /** What it begins with; null: with nothing. */
  readonly claim: PrefixClaim | null;
  /** Where to keep its prompt on the way, for others that share no more of it. */
  readonly prefixPlaces: readonly number[];
}

interface Waiting {
  readonly asked: SeatAsked;
  readonly resumed: boolean;
  readonly admit: (seat: Seat) => void;
}

/** Lets sessions in while there are slots and KV cache for all of their tokens; others wait in order, not for ever. */
export class Admission {
  readonly #replicas: Replicas;
  readonly #prefixes: PrefixCache;
  readonly #maxSessions: number;
  readonly #waiting: Waiting[] = [];
  #sessions = 0;

  constructor(replicas: Replicas, prefixes: PrefixCache, maxSessions: number) {
    this.#replicas = replicas;
    this.#prefixes = prefixes;
    this.#maxSessions = maxSessions;
  }

  get sessions(): number {
    return this.#sessions;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Reserves a slot, and KV cache for all tokens on a route, if possible on one that holds the prompt's beginning.
   * InferenceError unsupported when no route could ever hold that
   * many, out_of_capacity when there is no room in time; rejects with the signal's reason when it is aborted. What was
   * admitted before and is resumed goes before all that waits.
   */
  async admit(asked: SeatAsked, signal: AbortSignal, resumed = false): Promise<Seat> {
    const { tokens } = asked;
    signal.throwIfAborted();
    const { room } = this.#replicas;
    const needed = room.needs(tokens);
    if (!room.holds(needed)) {
      throw new InferenceError(
        "unsupported",
        tokens > room.capacity.all
          ? `prompt and answer may take ${tokens} tokens, a stage has KV cache for ${room.capacity.all} (LAPIDARY_KV_TOKENS)`
          : `the windows of a session of ${tokens} tokens take ${needed.window}, a stage has KV cache for ${room.capacity.window} (LAPIDARY_KV_WINDOW_TOKENS)`,
      );
    }
    const others = this.#waiting.some((waiting) => waiting.resumed || !resumed);
    const seat = others ? null : this.#take(asked);
    return seat ?? (await this.#wait(asked, signal, resumed));
  }

  /** Whether a session that finds a replica wrong may find another. */
  get hasReplicas(): boolean {
    return this.#replicas.count > 1;
  }

  /** Gives a session's place back. */
  release({ route, tokens }: Seat): void {
    this.#sessions--;
    this.#replicas.release(route, tokens);
    this.#prefixes.makeRoom(route);
    this.admitWaiting();
  }

  /** Another route for an admitted session, away from failed and draining replicas; its slot stays. */
  reroute({ route, tokens }: Seat): Seat {
    const other = this.#replicas.restitch(route, tokens);
    this.#prefixes.makeRoom(other);
    return { route: other, tokens, claim: null, prefixPlaces: [] };
  }

  /** Lets in who has room by now, in order of arrival: a large request is not overtaken for ever by small ones. */
  admitWaiting(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const seat = this.#take(first.asked);
      if (seat === null) return;
      this.#waiting.shift();
      first.admit(seat);
    }
  }

  #take({ tokens, prefix }: SeatAsked): Seat | null {
    if (this.#sessions >= this.#maxSessions) return null;
    const claim = prefix && this.#prefixes.claim(prefix, tokens);
    const prefixPlaces = prefix ? this.#prefixes.placesOf(prefix, claim?.tokens ?? 0) : [];
    const route = claim?.route ?? this.#replicas.stitch(tokens);
    if (route === null) return null;
    this.#sessions++;
    this.#prefixes.makeRoom(route);
    return { route, tokens, claim, prefixPlaces };
  }

  async #wait(asked: SeatAsked, signal: AbortSignal, resumed: boolean): Promise<Seat> {
    if (this.#waiting.length >= MAX_WAITING && !resumed) {
      throw new InferenceError("out_of_capacity", `${MAX_WAITING} requests are waiting already`);
    }
    const { promise, resolve, reject } = Promise.withResolvers<Seat>();
    const waiting = { asked, resumed, admit: resolve };
    const leave = (reason: unknown) => {
      const index = this.#waiting.indexOf(waiting);
      if (index < 0) return;
      this.#waiting.splice(index, 1);
      reject(reason);
      this.admitWaiting();
    };
    const full = new InferenceError(
      "out_of_capacity",
      `no session slot or KV cache for ${asked.tokens} tokens became free within ${WAIT_LIMIT_MS} ms`,
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
