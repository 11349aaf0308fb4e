/** What a window may hold at any moment. */
export interface WindowLimits {
  readonly requests: number;
  readonly tokens: number;
}

interface Entry {
  readonly id: string;
  readonly atMs: number;
  readonly requests: number;
  tokens: number;
}

/**
 * Requests and tokens admitted in the last `lengthMs`: an entry counts from its stamp and has left exactly `lengthMs`
 * later, whether its work still runs or not. Stamps never decrease. Times are given, so the class has no clock.
 */
export class SlidingWindow {
  readonly #lengthMs: number;
  /** Oldest first; entries before #first have left. */
  #entries: Entry[] = [];
  #first = 0;
  #requests = 0;
  #tokens = 0;
  readonly #byId = new Map<string, Entry>();

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs;
  }

  /** Stamps an entry; `nowMs` must not lie before the newest stamp. It counts as one request unless it is part of one. */
  add(id: string, nowMs: number, tokens: number, requests: 0 | 1 = 1): void {
    const newest = this.#entries.at(-1);
    if (newest && nowMs < newest.atMs) throw new RangeError(`stamp ${nowMs} lies before the newest, ${newest.atMs}`);
    this.#leave(nowMs);
    const entry = { id, atMs: nowMs, requests, tokens };
    this.#entries.push(entry);
    this.#byId.set(id, entry);
    this.#requests += requests;
    this.#tokens += tokens;
  }

  /** Sets what an entry counts for; nothing when it has left. */
  amend(id: string, tokens: number): void {
    const entry = this.#byId.get(id);
    if (!entry) return;
    this.#tokens += tokens - entry.tokens;
    entry.tokens = tokens;
  }

  isEmpty(nowMs: number): boolean {
    this.#leave(nowMs);
    return this.#first === this.#entries.length;
  }

  usage(nowMs: number): WindowLimits {
    this.#leave(nowMs);
    return { requests: this.#requests, tokens: this.#tokens };
  }

  /**
   * Milliseconds until one more request of `tokens` fits each limit, if nothing else is admitted or amended meanwhile: 0
   * when it fits now, Infinity when it never does.
   */
  waitsMs(nowMs: number, limits: WindowLimits, tokens: number): { requests: number; tokens: number } {
    const usage = this.usage(nowMs);
    return {
      requests: this.#untilFreedMs(nowMs, usage.requests + 1 - limits.requests, (entry) => entry.requests),
      tokens: this.#untilFreedMs(nowMs, usage.tokens + tokens - limits.tokens, (entry) => entry.tokens),
    };
  }

  /** Milliseconds until nothing counts any more, for each limit. */
  resetsMs(nowMs: number): { requests: number; tokens: number } {
    this.#leave(nowMs);
    const newestWithTokens = this.#entries.findLast((entry, index) => index >= this.#first && entry.tokens > 0);
    return {
      requests: this.#untilLeftMs(nowMs, this.#entries.at(-1)),
      tokens: this.#untilLeftMs(nowMs, newestWithTokens),
    };
  }

  #untilFreedMs(nowMs: number, units: number, unitsOf: (entry: Entry) => number): number {
    if (units <= 0) return 0;
    let freed = 0;
    for (let index = this.#first; index < this.#entries.length; index++) {
      const entry = this.#entries[index]!;
      freed += unitsOf(entry);
      if (freed >= units) return this.#untilLeftMs(nowMs, entry);
    }
    return Number.POSITIVE_INFINITY;
  }

  #untilLeftMs(nowMs: number, entry: Entry | undefined): number {
    return entry ? entry.atMs + this.#lengthMs - nowMs : 0;
  }

  #leave(nowMs: number): void {
    for (
      let oldest = this.#entries[this.#first];
      oldest && oldest.atMs + this.#lengthMs <= nowMs;
      oldest = this.#entries[this.#first]
    ) {
      this.#requests -= oldest.requests;
      this.#tokens -= oldest.tokens;
      this.#byId.delete(oldest.id);
      this.#first++;
    }
    // Cutting the array only when half of it has left keeps the cost of an entry constant.
    if (this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }
}
