import type { KeyReport } from "../../tenants/key-record.ts";
import { isLive } from "../../tenants/key-ring.ts";
import type { TenantRecord } from "../../tenants/tenant-record.ts";

/** A tenant as the admin API shows it. */
export function tenantReply(name: string, { createdMs, raise, ...tenant }: TenantRecord) {
  return {
    name,
    createdAt: isoTime(createdMs),
    ...tenant,
    raise: raise && { limits: raise.limits, expiresAt: isoTime(raise.expiresMs) },
  };
}

/** A key as the admin API shows it. */
export function keyReply(key: KeyReport) {
  const { id, label, createdMs, expiresMs, revokedMs, lastUsedMs, replaces, limits, now } = key;
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
    limits,
    now,
  };
}

export const isoTime = (ms: number): string => new Date(ms).toISOString();
const isoTimeOrNull = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));
