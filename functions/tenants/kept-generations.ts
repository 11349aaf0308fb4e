import type { Labels } from "./labels.ts";

/** How long a generation that was asked for by name can be gone on with: after its last settlement, or its lease. */
export const KEPT_MS = 600_000;

/** What was charged, or is to be. */
export interface Charge {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export interface KeptSequence {
  /** What its prompt may be charged. */
  readonly promptTokens: number;
  readonly charged: Charge;
  /** Leases it has had: one, and one more each time it went on after a settlement. */
  readonly leases: number;
  /** Everything of it was generated and charged. */
  readonly done: boolean;
}

/** An admitted request that its caller gave a name, so that asking again does not begin it anew. */
export interface KeptGeneration {
  /** Its reservation's. */
  readonly id: string;
  /** Hex SHA-256 of its Idempotency-Key and of its body: the ledger stores no text of a request. */
  readonly nameSha256: string;
  readonly bodySha256: string;
  readonly atMs: number;
  readonly expiresMs: number;
  readonly keyId: string;
  readonly model: string;
  /** Left out by generations from before labels were counted. */
  readonly labels?: Labels;
  /** Of each sequence. */
  readonly maxTokens: number;
  readonly cancelled: boolean;
  readonly sequences: readonly KeptSequence[];
}

/** A sequence in its generation. */
interface FoundSequence {
  readonly kept: KeptGeneration;
  readonly index: number;
  readonly sequence: KeptSequence;
}

type Row = { state: string };

/** The name of a sequence's lease: one that ended is never taken up again, so that a late settlement of it ends no other. */
export const leaseOf = (reservationId: string, leases: number): string =>
  leases <= 1 ? reservationId : `${reservationId}~${leases}`;

/** The generations of one tenant that can be asked for again. */
export class KeptGenerations {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The one of this name; undefined when there is none, or not any more. */
  named(nameSha256: string, nowMs: number): KeptGeneration | undefined {
    const select = "SELECT state FROM kept_generations WHERE name_sha256 = ? AND expires_ms > ?";
    return this.#parsed(this.#sql.exec<Row>(select, nameSha256, nowMs).toArray());
  }

  /** The one that a sequence or a lease of it belongs to, and which sequence that is. */
  of(reservationOrLease: string): FoundSequence | undefined {
    const [, id, index = "0"] = /^([^/~]+)(?:\/(\d+))?(?:~\d+)?$/.exec(reservationOrLease) ?? [];
    if (id === undefined) return undefined;
    const kept = this.#parsed(this.#sql.exec<Row>("SELECT state FROM kept_generations WHERE id = ?", id).toArray());
    const sequence = kept?.sequences[Number(index)];
    return kept && sequence && { kept, index: Number(index), sequence };
  }

  /** Keeps a generation, in the place of an expired one of its name. */
  add(kept: KeptGeneration): void {
    const { id, nameSha256, expiresMs } = kept;
    this.#sql.exec("DELETE FROM kept_generations WHERE name_sha256 = ?", nameSha256);
    this.#sql.exec("INSERT INTO kept_generations VALUES (?, ?, ?, ?)", id, nameSha256, expiresMs, JSON.stringify(kept));
  }

  change(kept: KeptGeneration): void {
    const { id, expiresMs } = kept;
    this.#sql.exec(
      "UPDATE kept_generations SET expires_ms = ?, state = ? WHERE id = ?",
      expiresMs,
      JSON.stringify(kept),
      id,
    );
  }

  /** Writes down what a sequence's lease ended at. */
  charge(found: FoundSequence, { promptTokens, completionTokens }: Charge, done: boolean, expiresMs: number): void {
    const { charged } = found.sequence;
    const sum = {
      promptTokens: charged.promptTokens + promptTokens,
      completionTokens: charged.completionTokens + completionTokens,
    };
    this.#changeSequence(found, { charged: sum, done }, expiresMs);
  }

  /** Writes down that a sequence has one lease more. */
  countLease(found: FoundSequence, expiresMs: number): void {
    this.#changeSequence(found, { leases: found.sequence.leases + 1 }, expiresMs);
  }

  /** Forgets what has expired; when the next one does, Infinity when none is left. */
  forget(nowMs: number): number {
    this.#sql.exec("DELETE FROM kept_generations WHERE expires_ms <= ?", nowMs);
    const select = "SELECT min(expires_ms) AS nextMs FROM kept_generations";
    return this.#sql.exec<{ nextMs: number | null }>(select).one().nextMs ?? Number.POSITIVE_INFINITY;
  }

  #changeSequence({ kept, index, sequence }: FoundSequence, to: Partial<KeptSequence>, expiresMs: number): void {
    this.change({ ...kept, expiresMs, sequences: kept.sequences.with(index, { ...sequence, ...to }) });
  }

  #parsed([row]: readonly Row[]): KeptGeneration | undefined {
    return row && JSON.parse(row.state);
  }
}
