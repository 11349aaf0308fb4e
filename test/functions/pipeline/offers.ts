import type { Offer } from "../../../functions/pipeline/offer.ts";

export const best = { kind: "best", count: 1, inverseTemperature: 1, mass: false } as const;
const HIDDEN = 4;

/** Rows whose values tell session and position. */
export function offer(session: number, position: number, rows: number, more: Partial<Offer> = {}): Offer {
  const hidden = Float32Array.from(
    { length: rows * HIDDEN },
    (_, value) => 1000 * session + position + Math.floor(value / HIDDEN),
  );
  return { session, share: { tenant: "one", weight: 1 }, position, rows, hidden, selections: [best], ...more };
}
