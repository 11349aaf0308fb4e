import type { KeyRecord } from "../../tenants/key-record.ts";
import { isLive } from "../../tenants/key-ring.ts";
import type { TenantRecord } from "../../tenants/tenant-record.ts";

/** A tenant that has used this much of its day is worth a look. */
const ALERT_PERCENTS = [95, 80];

/** A tenant as the admin API shows it. */
export function tenantReply(name: string, { createdMs, blocked, limits, now }: TenantRecord) {
  return {
    name,
    createdAt: isoTime(createdMs),
    blocked,
    limits,
    now,
    alerts: alertsOf(limits.tokensPerDay, now.tokensToday),
  };
}

/** A key as the admin API shows it. */
export function keyReply(key: KeyRecord) {
  const { id, label, createdMs, expiresMs, revokedMs, lastUsedMs, replaces } = key;
  const state = revokedMs !== null ? "revoked" : isLive(key, Date.now()) ? "live" : "expired";
  return {
    id,
    label,
    state,
    createdAt: isoTime(createdMs),
    expiresAt: isoTimeOrNull(expiresMs),
    revokedAt: isoTimeOrNull(revokedMs),
    lastUsedAt: isoTimeOrNull(lastUsedMs),
    replaces,
  };
}

function alertsOf(limit: number | null, used: number) {
  if (limit === null) return [];
  const percent = ALERT_PERCENTS.find((level) => used * 100 >= limit * level);
  return percent === undefined ? [] : [{ limit: "tokensPerDay", percent, used, of: limit }];
}

export const isoTime = (ms: number): string => new Date(ms).toISOString();
const isoTimeOrNull = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));
