const DAY_MS = 86_400_000;

/** The UTC day of a moment as YYYY-MM-DD. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** The UTC month of a moment as YYYY-MM: how its days begin. */
export const monthOf = (ms: number): string => new Date(ms).toISOString().slice(0, 7);

/** Milliseconds until the next UTC month begins. */
export function untilNextMonthMs(ms: number): number {
  const now = new Date(ms);
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1) - ms;
}

/** Milliseconds until the next UTC day begins: 1 … 86,400,000. */
export const untilNextDayMs = (ms: number): number => DAY_MS - (ms % DAY_MS);

/** The day so many days before. */
export const dayBefore = (day: string, days: number): string => dayOf(Date.parse(day) - days * DAY_MS);

/** Whole days from one to another, both counted: 1 for the same day. */
export const daysBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
