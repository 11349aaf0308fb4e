import type { KeyLimits } from "./limits.ts";
import type { Holdings } from "./tenant-record.ts";

/** Who has used this much of a day or a month is worth a look. */
const ALERT_PERCENTS = [95, 80];

/** A limit that is nearly used up. */
export interface Alert {
  readonly limit: "tokensPerDay" | "budgetMicrosPerMonth";
  /** The highest of 80 and 95 that was reached. */
  readonly percent: number;
  readonly used: number;
  readonly of: number;
  /** null: the tenant's own limit. */
  readonly keyId: string | null;
}

/** What a tenant (`keyId` null) or a key has nearly used up. */
export function alertsOf(
  { tokensPerDay, budgetMicrosPerMonth }: Pick<KeyLimits, "tokensPerDay" | "budgetMicrosPerMonth">,
  { tokensToday, microsThisMonth }: Holdings,
  keyId: string | null,
): Alert[] {
  const alert = (limit: Alert["limit"], of: number | null, used: number): Alert[] => {
    if (of === null) return [];
    const percent = ALERT_PERCENTS.find((level) => used * 100 >= of * level);
    return percent === undefined ? [] : [{ limit, percent, used, of, keyId }];
  };
  return [
    ...alert("tokensPerDay", tokensPerDay, tokensToday),
    ...alert("budgetMicrosPerMonth", budgetMicrosPerMonth, microsThisMonth),
  ];
}
