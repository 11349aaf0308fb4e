import type { KeyRecord } from "./key-record.ts";

const MAX_LIVE_KEYS = 256;
/** Keys that work no longer are remembered, for the labels of past usage, up to this many. */
const MAX_DEAD_KEYS = 256;
/** "Last used" is exact to this, so that a busy key costs one write a minute. */
const LAST_USED_STEP_MS = 60_000;

interface KeyRow extends Record<string, SqlStorageValue> {
  id: string;
  secret_sha256: string;
  label: string;
  created_ms: number;
  expires_ms: number | null;
  revoked_ms: number | null;
  last_used_ms: number | null;
  replaces: string | null;
}

export interface NewKey {
  readonly secretSha256: string;
  readonly label: string;
  readonly expiresMs: number | null;
}

/** One tenant's keys: what SQLite holds, and in memory by hash. */
export class KeyRing {
  readonly #sql: SqlStorage;
  readonly #byHash = new Map<string, KeyRecord>();

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    for (const row of sql.exec<KeyRow>("SELECT * FROM keys ORDER BY created_ms")) {
      this.#byHash.set(row.secret_sha256, {
        id: row.id,
        label: row.label,
        createdMs: row.created_ms,
        expiresMs: row.expires_ms,
        revokedMs: row.revoked_ms,
        lastUsedMs: row.last_used_ms,
        replaces: row.replaces,
      });
    }
  }

  /** Every key, oldest first, those that work no longer included. */
  list(): KeyRecord[] {
    return [...this.#byHash.values()];
  }

  /** The key of a secret, in whatever state. */
  find(secretSha256: string): KeyRecord | undefined {
    return this.#byHash.get(secretSha256);
  }

  /** Lets a key in; undefined when the tenant holds as many working keys as it may. */
  add(
    { secretSha256, label, expiresMs }: NewKey,
    nowMs: number,
    replaces: string | null = null,
  ): KeyRecord | undefined {
    const dead = this.list().filter((key) => !isLive(key, nowMs));
    if (this.#byHash.size - dead.length >= MAX_LIVE_KEYS) return undefined;
    for (const key of dead.slice(0, Math.max(0, dead.length - MAX_DEAD_KEYS))) this.#forget(key.id);
    const id = `key_${secretSha256.slice(0, 16)}`;
    const key = { id, label, createdMs: nowMs, expiresMs, revokedMs: null, lastUsedMs: null, replaces };
    this.#byHash.set(secretSha256, key);
    this.#sql.exec(
      "INSERT INTO keys VALUES (?, ?, ?, ?, ?, NULL, NULL, ?)",
      id,
      secretSha256,
      label,
      nowMs,
      expiresMs,
      replaces,
    );
    return key;
  }

  /** Changes a key's label or expiry, or revokes it; undefined when there is none with this id. */
  change(id: string, changes: Partial<Pick<KeyRecord, "label" | "expiresMs" | "revokedMs">>): KeyRecord | undefined {
    for (const [hash, key] of this.#byHash) {
      if (key.id !== id) continue;
      const changed = { ...key, ...changes };
      this.#byHash.set(hash, changed);
      this.#sql.exec(
        "UPDATE keys SET label = ?, expires_ms = ?, revoked_ms = ? WHERE id = ?",
        changed.label,
        changed.expiresMs,
        changed.revokedMs,
        id,
      );
      return changed;
    }
    return undefined;
  }

  /** Notes that a key was used. */
  touch(secretSha256: string, nowMs: number): void {
    const key = this.#byHash.get(secretSha256);
    if (!key || nowMs - (key.lastUsedMs ?? 0) < LAST_USED_STEP_MS) return;
    this.#byHash.set(secretSha256, { ...key, lastUsedMs: nowMs });
    this.#sql.exec("UPDATE keys SET last_used_ms = ? WHERE id = ?", nowMs, key.id);
  }

  #forget(id: string): void {
    for (const [hash, key] of this.#byHash) if (key.id === id) this.#byHash.delete(hash);
    this.#sql.exec("DELETE FROM keys WHERE id = ?", id);
  }
}

/** A key that lets in now. */
export function isLive({ revokedMs, expiresMs }: KeyRecord, nowMs: number): boolean {
  return revokedMs === null && (expiresMs === null || expiresMs > nowMs);
}
