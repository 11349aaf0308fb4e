import { SlidingWindow } from "./sliding-window.ts";
import { dayOf } from "./utc-day.ts";

export const MINUTE_MS = 60_000;

/** What a running generation has reserved. */
export interface Reserved {
  /** When it was admitted: its day and month. */
  readonly atMs: number;
  readonly tokens: number;
  readonly micros: number;
}

/** What one payer, a tenant or a key, holds at the moment: the last minute, and what running generations have reserved. */
export class Meter {
  readonly window = new SlidingWindow(MINUTE_MS);
  #running = 0;
  /** By UTC day, of running generations. */
  readonly #reserved = new Map<string, { tokens: number; micros: number }>();

  /** Sequences that hold a place. */
  get running(): number {
    return this.#running;
  }

  /** Tokens reserved by running generations that were admitted on `day`. */
  reservedTokens(day: string): number {
    return this.#reserved.get(day)?.tokens ?? 0;
  }

  /** Money reserved by running generations that were admitted in `month` (YYYY-MM). */
  reservedMicros(month: string): number {
    let micros = 0;
    for (const [day, reserved] of this.#reserved) if (day.startsWith(month)) micros += reserved.micros;
    return micros;
  }

  begin(reserved: Reserved): void {
    this.#running++;
    this.#reserve(reserved, 1);
  }

  end(reserved: Reserved): void {
    this.#running--;
    this.#reserve(reserved, -1);
  }

  /** Nothing counts any more. */
  isIdle(nowMs: number): boolean {
    return this.#running === 0 && this.window.isEmpty(nowMs);
  }

  #reserve({ atMs, tokens, micros }: Reserved, sign: 1 | -1): void {
    const day = dayOf(atMs);
    const before = this.#reserved.get(day) ?? { tokens: 0, micros: 0 };
    const after = { tokens: before.tokens + sign * tokens, micros: before.micros + sign * micros };
    if (after.tokens === 0 && after.micros === 0) this.#reserved.delete(day);
    else this.#reserved.set(day, after);
  }
}
