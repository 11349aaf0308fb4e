/** Round trips that are remembered. */
const REMEMBERED = 32;

/**
 * What a hop takes, from the round trips of questions whose answer takes no time to compute. Others wait behind a part's
 * work, so the least of the last ones is nearest to the wire itself.
 */
export class HopTime {
  readonly #roundTripsMs: number[] = [];

  heard(roundTripMs: number): void {
    this.#roundTripsMs.push(roundTripMs);
    if (this.#roundTripsMs.length > REMEMBERED) this.#roundTripsMs.shift();
  }

  /** One way; 0 before the first round trip. */
  get ms(): number {
    return this.#roundTripsMs.length === 0 ? 0 : Math.min(...this.#roundTripsMs) / 2;
  }
}
