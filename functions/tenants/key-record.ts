import type { KeyLimits } from "./limits.ts";
import type { Holdings } from "./tenant-record.ts";

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
  /** The first key of its line of rotations; the line shares what its keys hold and have spent. */
  readonly rootId: string;
  readonly limits: KeyLimits;
}

/** A key with what its line holds now. */
export interface KeyReport extends KeyRecord {
  readonly now: Holdings;
}
