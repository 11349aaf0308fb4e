/** What a tenant's ledger knows of a key: everything but its secret. Plain values for RPC; times in Unix milliseconds. */
export interface KeyRecord {
  /** `key_` and 16 hex digits of the secret's hash. */
  readonly id: string;
  /** The operator's own words. */
  readonly label: string;
  readonly createdMs: number;
  /** null: never. */
  readonly expiresMs: number | null;
  readonly revokedMs: number | null;
  /** To the minute; null: not yet. */
  readonly lastUsedMs: number | null;
  /** The id of the key that this one was rotated from. */
  readonly replaces: string | null;
}
