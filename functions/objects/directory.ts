import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env.ts";
import { Tally, type TallyCounts } from "../metrics/tally.ts";
import type { AuditAction, AuditEntry } from "../tenants/audit-entry.ts";
import { DIRECTORY_MIGRATIONS } from "../tenants/directory-schema.ts";
import { migrate } from "../tenants/migrate.ts";

const KEPT_AUDIT_ENTRIES = 10_000;

export interface ListedTenant {
  readonly name: string;
  readonly createdMs: number;
}

/** The one directory of a deployment: which tenants there are, since objects cannot be enumerated, and what operators did. */
export class Directory extends DurableObject<Env> {
  readonly #sql: SqlStorage;
  /** Of all isolates; begins anew with the object, as counters may. */
  readonly #tally = new Tally();

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#sql = state.storage.sql;
    migrate(state.storage, DIRECTORY_MIGRATIONS);
  }

  /** Lists a tenant; nothing changes when it is listed. */
  add(name: string): void {
    this.#sql.exec("INSERT OR IGNORE INTO tenants VALUES (?, ?)", name, Date.now());
  }

  remove(name: string): void {
    this.#sql.exec("DELETE FROM tenants WHERE name = ?", name);
  }

  /** At most `limit` tenants by name, from the one that follows `after`. */
  list(after: string, limit: number): ListedTenant[] {
    return this.#sql
      .exec<{ name: string; createdMs: number }>(
        "SELECT name, created_ms AS createdMs FROM tenants WHERE name > ? ORDER BY name LIMIT ?",
        after,
        limit,
      )
      .toArray();
  }

  /** Writes down what an operator is about to do, and answers the entry's id. */
  begin({ requestId, admin, action, tenant, detail }: AuditAction): number {
    const { id } = this.#sql
      .exec<{ id: number }>(
        `INSERT INTO audit (at_ms, request_id, admin, action, tenant, detail) VALUES (?, ?, ?, ?, ?, ?) RETURNING id`,
        Date.now(),
        requestId,
        admin,
        action,
        tenant,
        JSON.stringify(detail),
      )
      .one();
    this.#sql.exec("DELETE FROM audit WHERE id <= ?", id - KEPT_AUDIT_ENTRIES);
    return id;
  }

  /** Writes down how it ended. */
  finish(id: number, status: number): void {
    this.#sql.exec("UPDATE audit SET status = ? WHERE id = ?", status, id);
  }

  /** At most `limit` entries, newest first, from the one before `before`. */
  audit(before: number, limit: number): AuditEntry[] {
    return this.#sql
      .exec<Omit<AuditEntry, "detail"> & { detail: string }>(
        `SELECT id, at_ms AS atMs, request_id AS requestId, admin, action, tenant, detail, status FROM audit
         WHERE id < ? ORDER BY id DESC LIMIT ?`,
        before,
        limit,
      )
      .toArray()
      .map((row) => ({ ...row, detail: JSON.parse(row.detail) }));
  }

  /** Adds what an isolate of the gateway counted. */
  addCounts(counts: TallyCounts): void {
    this.#tally.add(counts);
  }

  counts(): TallyCounts {
    const counts = this.#tally.take();
    this.#tally.add(counts);
    return counts;
  }
}
