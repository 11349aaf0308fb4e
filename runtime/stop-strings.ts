/** Watches text that comes in parts for the first of some stop strings, and holds back what may be the start of one. */
export class StopStrings {
  readonly #stops: readonly string[];
  #held = "";
  #stopped = false;

  /** RangeError when a stop string is empty. */
  constructor(stops: readonly string[]) {
    if (stops.includes("")) throw new RangeError("a stop string is empty");
    this.#stops = stops;
  }

  /** True once a stop string is complete; nothing comes after that. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** The text that may be shown now. Of several stop strings the one complete first counts, whatever the parts. */
  push(text: string): string {
    if (this.#stopped) return "";
    this.#held += text;
    const start = this.#firstStop();
    if (start >= 0) this.#stopped = true;
    return this.#release(start >= 0 ? start : this.#held.length - this.#possibleStart());
  }

  /** What was held back, once no more text comes. */
  flush(): string {
    return this.#stopped ? "" : this.#release(this.#held.length);
  }

  /** Where the stop string that ends first begins (the longest of those), or −1. */
  #firstStop(): number {
    let first = { start: -1, end: Number.POSITIVE_INFINITY };
    for (const stop of this.#stops) {
      const start = this.#held.indexOf(stop);
      const end = start + stop.length;
      if (start >= 0 && (end < first.end || (end === first.end && start < first.start))) first = { start, end };
    }
    return first.start;
  }

  /** Length of the longest end of the held text with which a stop string begins. */
  #possibleStart(): number {
    let longest = 0;
    for (const stop of this.#stops)
      for (let length = Math.min(stop.length - 1, this.#held.length); length > longest; length--)
        if (this.#held.endsWith(stop.slice(0, length))) longest = length;
    return longest;
  }

  #release(length: number): string {
    const text = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    return text;
  }
}
