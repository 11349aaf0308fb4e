import type { KeyRecord } from "./key-record.ts";
import { type KeyLimitChanges, keyLimitsSchema, NO_KEY_LIMITS } from "./limits.ts";

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
  root_id: string;
  limits: string;
}

/** What an operator sets of a key; what is left out stays. */
export interface KeyChanges {
  readonly label?: string;
  readonly expiresMs?: number | null;
  readonly limits?: KeyLimitChanges;
}

export interface NewKey {
  readonly secretSha256: string;
  readonly label: string;
  readonly expiresMs: number | null;
  readonly limits?: KeyLimitChanges;
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
        rootId: row.root_id,
        limits: keyLimitsSchema.parse({ ...NO_KEY_LIMITS, ...JSON.parse(row.limits) }),
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

  /** The key of an id, in whatever state. */
  withId(id: string): KeyRecord | undefined {
    return this.list().find((key) => key.id === id);
  }

  /** Lets a key in, in the place of `replaced` if that is given; undefined when the tenant holds as many as it may. */
  add(
    { secretSha256, label, expiresMs, limits }: NewKey,
    nowMs: number,
    replaced: KeyRecord | null = null,
  ): KeyRecord | undefined {
    const dead = this.list().filter((key) => !isLive(key, nowMs));
    if (this.#byHash.size - dead.length >= MAX_LIVE_KEYS) return undefined;
    for (const key of dead.slice(0, Math.max(0, dead.length - MAX_DEAD_KEYS))) this.#forget(key.id);
    const id = `key_${secretSha256.slice(0, 16)}`;
    const key: KeyRecord = {
      id,
      label,
      createdMs: nowMs,
      expiresMs,
      revokedMs: null,
      lastUsedMs: null,
      replaces: replaced?.id ?? null,
      rootId: replaced?.rootId ?? id,
      limits: { ...NO_KEY_LIMITS, ...limits },
    };
    this.#byHash.set(secretSha256, key);
    this.#sql.exec(
      "INSERT INTO keys VALUES (?, ?, ?, ?, ?, NULL, NULL, ?, ?, ?)",
      id,
      secretSha256,
      label,
      nowMs,
      expiresMs,
      key.replaces,
      key.rootId,
      JSON.stringify(key.limits),
    );
    return key;
  }

  /** Changes a key; undefined when there is none with this id. */
  change(id: string, { limits, ...changes }: KeyChanges): KeyRecord | undefined {
    return this.#update(id, (key) => ({ ...key, ...changes, limits: { ...key.limits, ...limits } }));
  }

  /** Ends a key; undefined when there is none with this id. */
  revoke(id: string, nowMs: number): KeyRecord | undefined {
    return this.#update(id, (key) => ({ ...key, revokedMs: key.revokedMs ?? nowMs }));
  }

  /** Notes that a key was used. */
  touch(secretSha256: string, nowMs: number): void {
    const key = this.#byHash.get(secretSha256);
    if (!key || nowMs - (key.lastUsedMs ?? 0) < LAST_USED_STEP_MS) return;
    this.#byHash.set(secretSha256, { ...key, lastUsedMs: nowMs });
    this.#sql.exec("UPDATE keys SET last_used_ms = ? WHERE id = ?", nowMs, key.id);
  }

  #update(id: string, change: (key: KeyRecord) => KeyRecord): KeyRecord | undefined {
    for (const [hash, key] of this.#byHash) {
      if (key.id !== id) continue;
      const changed = change(key);
      this.#byHash.set(hash, changed);
      const { label, expiresMs, revokedMs, limits } = changed;
      this.#sql.exec(
        "UPDATE keys SET label = ?, expires_ms = ?, revoked_ms = ?, limits = ? WHERE id = ?",
        label,
        expiresMs,
        revokedMs,
        JSON.stringify(limits),
        id,
      );
      return changed;
    }
    return undefined;
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
