import type { Share } from "./offer.ts";

/**
 * Weighted turns of tenants that want more than there is (start-time fair queueing: Goyal, Vin, Cheng 1996): whoever had
 * least for its weight is next. One that had nothing to ask for saves up nothing.
 */
export class Turns {
  /** What each tenant has had over its weight, where that is ahead of the clock. */
  readonly #had = new Map<string, number>();
  #clock = 0;

  /** The next of `tenants`, which all have something waiting; of equals the first. */
  next(tenants: Iterable<string>): string {
    let least = Number.POSITIVE_INFINITY;
    let next: string | undefined;
    for (const tenant of tenants) {
      const had = this.#of(tenant);
      if (had >= least) continue;
      least = had;
      next = tenant;
    }
    if (next === undefined) throw new Error("a turn needs at least one tenant");
    this.#clock = least;
    return next;
  }

  /** Notes what the tenant got. */
  took({ tenant, weight }: Share, work: number): void {
    this.#had.set(tenant, this.#of(tenant) + work / weight);
    for (const [other, had] of this.#had) if (had <= this.#clock) this.#had.delete(other);
  }

  #of(tenant: string): number {
    return Math.max(this.#clock, this.#had.get(tenant) ?? 0);
  }
}
