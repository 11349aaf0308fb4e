import type { KeyLimits, RaisedLimits, TenantLimits } from "./limits.ts";

/** Higher limits until a moment. */
export interface LimitRaise {
  readonly limits: RaisedLimits;
  readonly expiresMs: number;
}

/** A tenant's limits with a raise that lasts: of each the higher, so that a raise never takes anything away. */
export function raisedLimits(limits: TenantLimits, { limits: raised }: LimitRaise): TenantLimits {
  const higher = (limit: number, raise = limit) => Math.max(limit, raise);
  const higherOrNone = (limit: number | null, raise: number | null = limit) =>
    limit === null || raise === null ? null : Math.max(limit, raise);
  return {
    ...limits,
    requestsPerMinute: higher(limits.requestsPerMinute, raised.requestsPerMinute),
    tokensPerMinute: higher(limits.tokensPerMinute, raised.tokensPerMinute),
    tokensPerDay: higherOrNone(limits.tokensPerDay, raised.tokensPerDay),
    budgetMicrosPerMonth: higherOrNone(limits.budgetMicrosPerMonth, raised.budgetMicrosPerMonth),
    concurrency: higher(limits.concurrency, raised.concurrency),
    maxContextTokens: higherOrNone(limits.maxContextTokens, raised.maxContextTokens),
    maxOutputTokens: higher(limits.maxOutputTokens, raised.maxOutputTokens),
  };
}

/** What one request of a key may ever be: of each limit the lower of the tenant's and the key's. */
export function lowestLimits(tenant: TenantLimits, key: KeyLimits): TenantLimits {
  const lower = (limit: number, own: number | null) => (own === null ? limit : Math.min(limit, own));
  const lowerOrNone = (limit: number | null, own: number | null) => (limit === null ? own : lower(limit, own));
  return {
    requestsPerMinute: lower(tenant.requestsPerMinute, key.requestsPerMinute),
    tokensPerMinute: lower(tenant.tokensPerMinute, key.tokensPerMinute),
    tokensPerDay: lowerOrNone(tenant.tokensPerDay, key.tokensPerDay),
    budgetMicrosPerMonth: lowerOrNone(tenant.budgetMicrosPerMonth, key.budgetMicrosPerMonth),
    concurrency: lower(tenant.concurrency, key.concurrency),
    maxContextTokens: lowerOrNone(tenant.maxContextTokens, key.maxContextTokens),
    maxOutputTokens: lower(tenant.maxOutputTokens, key.maxOutputTokens),
    allowedModels: modelsOfBoth(tenant.allowedModels, key.allowedModels),
    priority: tenant.priority,
  };
}

function modelsOfBoth(ours: string[] | null, theirs: string[] | null): string[] | null {
  if (ours === null || theirs === null) return ours ?? theirs;
  return ours.filter((model) => theirs.includes(model));
}
