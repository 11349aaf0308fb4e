import type { Labels } from "./labels.ts";

/** What one request asks of its tenant's ledger. */
export interface ReserveCall {
  /** Hex SHA-256 of the key's secret. */
  readonly secretSha256: string;
  /** Names the reservation to `settle`. */
  readonly reservationId: string;
  /** undefined for a request that generates nothing (a list of models): it counts as a request and takes no place. */
  readonly generation?: GenerationAsked;
  /** The caller's name for the request: asked for again, it joins the generation that it began. */
  readonly named?: RequestName;
}

/** An Idempotency-Key and the body that came with it, each as a hex SHA-256. */
export interface RequestName {
  readonly nameSha256: string;
  readonly bodySha256: string;
  /** The caller has some of the answer: it must not begin anew. */
  readonly begun?: boolean;
}

export interface GenerationAsked {
  readonly model: string;
  /** What it says of itself, which usage is told by. */
  readonly labels?: Labels;
  /** Of all prompts. */
  readonly promptTokens: number;
  /**
   * The prompt's tokens that each sequence is charged for, where there are several: only the first of a prompt's choices.
   * Each sequence settles by itself, under `sequenceReservation`.
   */
  readonly sequences?: readonly number[];
  /** Of each sequence, as the caller asked; undefined lets the ledger choose. */
  readonly maxTokens?: number;
  /** Tokens that the context has left after the longest prompt, at least 1 (0 where none are asked for). */
  readonly roomTokens: number;
}

/** The reservation that sequence `index` of a request settles. */
export const sequenceReservation = (reservationId: string, index: number) =>
  index === 0 ? reservationId : `${reservationId}/${index}`;

/** The reservation of the request that a sequence or a lease belongs to. */
export const requestOf = (reservationOrLease: string) => /^[^/~]*/.exec(reservationOrLease)![0];

/** One limit over a time, and what is left of it. */
export interface Allowance {
  /** "requests", "tokens" and "day" of the tenant; "key-requests" and so on of the key. */
  readonly name: string;
  readonly unit: "requests" | "tokens";
  readonly windowMs: number;
  readonly limit: number;
  readonly remaining: number;
  /** Until everything is free again. */
  readonly resetMs: number;
}

/** What fills the rate-limit headers: of the minute what is tightest, the tenant's or the key's, and every allowance. */
export interface RateState {
  readonly limitRequests: number;
  readonly limitTokens: number;
  readonly remainingRequests: number;
  readonly remainingTokens: number;
  readonly resetRequestsMs: number;
  readonly resetTokensMs: number;
  readonly allowances: readonly Allowance[];
}

/**
 * What a request waits for. `quota` and `budget`: today's tokens, or the month's money, are used up; only the next day or
 * month helps. `day` and `month`: running generations hold what is left of them, and may give it back.
 */
export type LimitKind = "requests" | "tokens" | "concurrency" | "day" | "month" | "quota" | "budget";

/** The limit that a request has to wait for. */
export interface Refusal {
  readonly who: "tenant" | "key";
  readonly kind: LimitKind;
  /** `month` and `budget` in millionths of the currency, as `remaining`. */
  readonly limit: number;
  readonly remaining: number;
  readonly retryAfterMs: number;
}

export type ReserveAnswer =
  | {
      /** "joined": the request began earlier, and counts as a request that generates nothing. */
      readonly outcome: "admitted" | "joined";
      /** As it was called, or as the one that is joined was. */
      readonly reservationId: string;
      /** When it was admitted first. */
      readonly atMs: number;
      readonly maxTokens: number;
      /** null: every model. */
      readonly allowedModels: readonly string[] | null;
      /** The tenant's turns in the pipeline for each of a tenant of priority 1. */
      readonly weight: number;
      readonly rates: RateState;
    }
  | { readonly outcome: "unknown_key" | "expired_key" | "blocked" | "model_not_allowed" }
  /** The name belongs to another body; to a request that was cancelled; or to none that has begun, as it should have. */
  | { readonly outcome: "name_taken" | "cancelled" | "gone" }
  /** Fits later. */
  | ({ readonly outcome: "limited"; readonly rates: RateState } & Refusal)
  /** Fits never: more than the limits hold. */
  | ({ readonly outcome: "impossible"; readonly rates: RateState } & Impossible);

/** What a kept generation that goes on finds: a lease for what it may still take, or why it gets none. */
export type RenewAnswer =
  | { readonly outcome: "leased"; readonly leaseId: string }
  /** Everything was settled already. */
  | { readonly outcome: "done"; readonly leaseId: string }
  | ({ readonly outcome: "limited" } & Refusal)
  /** Cancelled, expired, or never there. */
  | { readonly outcome: "gone" };

export interface Impossible {
  readonly reason: "output" | "context" | "tokens" | "quota" | "budget" | "concurrency";
  readonly limit: number;
}
