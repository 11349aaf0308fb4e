import { type LimitRaise, raisedLimits } from "./effective-limits.ts";
import { DEFAULT_LIMITS, type TenantLimits, tenantLimitsSchema } from "./limits.ts";
import type { ModelAliases, TenantChanges } from "./tenant-record.ts";

/** A tenant as its operator set it. */
export interface Tenant {
  readonly limits: TenantLimits;
  readonly blocked: boolean;
  readonly createdMs: number;
  /** The last one, over or not. */
  readonly raise: LimitRaise | null;
  readonly aliases: ModelAliases;
}

interface TenantRow extends Record<string, SqlStorageValue> {
  limits: string;
  blocked: number;
  created_ms: number;
  raise: string | null;
  aliases: string;
}

/** The tenant of a ledger, in SQLite and in memory. */
export class StoredTenant {
  readonly #sql: SqlStorage;
  #tenant: Tenant | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    const [row] = sql.exec<TenantRow>("SELECT * FROM tenant").toArray();
    this.#tenant = row && {
      limits: tenantLimitsSchema.parse({ ...DEFAULT_LIMITS, ...JSON.parse(row.limits) }),
      blocked: row.blocked === 1,
      createdMs: row.created_ms,
      raise: row.raise === null ? null : JSON.parse(row.raise),
      aliases: JSON.parse(row.aliases),
    };
  }

  /** Undefined: this ledger has no tenant. */
  get set(): Tenant | undefined {
    return this.#tenant;
  }

  create(createdMs: number, changes: TenantChanges): void {
    this.#put({ limits: DEFAULT_LIMITS, blocked: false, raise: null, aliases: {}, createdMs }, changes);
  }

  change(changes: TenantChanges): void {
    if (this.#tenant) this.#put(this.#tenant, changes);
  }

  #put(tenant: Tenant, { limits, ...changes }: TenantChanges): void {
    const changed = { ...tenant, ...changes, limits: tenantLimitsSchema.parse({ ...tenant.limits, ...limits }) };
    this.#tenant = changed;
    this.#sql.exec(
      "INSERT OR REPLACE INTO tenant (id, limits, blocked, created_ms, raise, aliases) VALUES (1, ?, ?, ?, ?, ?)",
      JSON.stringify(changed.limits),
      Number(changed.blocked),
      changed.createdMs,
      changed.raise && JSON.stringify(changed.raise),
      JSON.stringify(changed.aliases),
    );
  }
}

/** A tenant's limits at a moment, and the raise in them while it lasts. */
export function limitsAt({ limits, raise }: Tenant, nowMs: number): { limits: TenantLimits; raise: LimitRaise | null } {
  if (!raise || raise.expiresMs <= nowMs) return { limits, raise: null };
  return { limits: raisedLimits(limits, raise), raise };
}
