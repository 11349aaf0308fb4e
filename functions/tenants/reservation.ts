import type { TenantLimits } from "./limits.ts";

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
}

export interface GenerationAsked {
  readonly model: string;
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

/** The state of a tenant's minute and day, which fills the rate-limit headers. */
export interface RateState {
  readonly limitRequests: number;
  readonly limitTokens: number;
  readonly remainingRequests: number;
  readonly remainingTokens: number;
  /** Until everything is free again. */
  readonly resetRequestsMs: number;
  readonly resetTokensMs: number;
  /** null: the tenant's days have no limit. */
  readonly day: { readonly limitTokens: number; readonly remainingTokens: number; readonly resetMs: number } | null;
}

/**
 * What a request waits for. `quota`: today's tokens are used up, only tomorrow helps; `day`: running generations hold what
 * is left of them, and may give it back.
 */
export type LimitKind = "requests" | "tokens" | "concurrency" | "day" | "quota";

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
      readonly rates: RateState;
    }
  | { readonly outcome: "unknown_key" | "expired_key" | "blocked" | "model_not_allowed" }
  /** The name belongs to another body, or to a request that was cancelled. */
  | { readonly outcome: "name_taken" | "cancelled" }
  /** Fits later. */
  | {
      readonly outcome: "limited";
      readonly kind: LimitKind;
      readonly limit: number;
      readonly remaining: number;
      readonly retryAfterMs: number;
      readonly rates: RateState;
    }
  /** Fits never: more than the tenant's limits hold. */
  | ({ readonly outcome: "impossible"; readonly rates: RateState } & Impossible);

/** What a kept generation that goes on finds: a lease for what it may still take, or why it gets none. */
export type RenewAnswer =
  | { readonly outcome: "leased"; readonly leaseId: string }
  | { readonly outcome: "limited"; readonly message: string; readonly retryAfterMs: number }
  /** Cancelled, expired, or never there. */
  | { readonly outcome: "gone" };

export interface Impossible {
  readonly reason: "output" | "context" | "tokens" | "quota" | "concurrency";
  readonly limit: number;
}

/** Tokens granted a sequence when the caller names none and there is room for more. */
const DEFAULT_MAX_TOKENS = 1024;

/**
 * The max_tokens of each sequence of a generation under `limits`: what was asked for, or the most that fits the default,
 * the tenant, the context, a whole minute's tokens and what `dayTokens` (already used today) leave of the day. A reason when
 * no moment could ever admit it. What was asked for is granted even when today is too short for it: it waits for tomorrow.
 */
export function grantTokens(asked: Omit<GenerationAsked, "model">, limits: TenantLimits, dayTokens = 0): Grant {
  const { promptTokens, maxTokens, roomTokens, sequences = [promptTokens] } = asked;
  const { maxOutputTokens, tokensPerMinute, tokensPerDay, maxContextTokens, concurrency } = limits;
  const least = maxTokens ?? 1;
  const longest = Math.max(...sequences);
  const total = promptTokens + sequences.length * least;
  if (least > maxOutputTokens) return { reason: "output", limit: maxOutputTokens };
  if (maxContextTokens !== null && longest + least > maxContextTokens)
    return { reason: "context", limit: maxContextTokens };
  if (total > tokensPerMinute) return { reason: "tokens", limit: tokensPerMinute };
  if (tokensPerDay !== null && total > tokensPerDay) return { reason: "quota", limit: tokensPerDay };
  if (sequences.length > concurrency) return { reason: "concurrency", limit: concurrency };
  if (maxTokens !== undefined) return { maxTokens };
  const left = (limit: number | null) =>
    limit === null ? Number.POSITIVE_INFINITY : Math.floor((limit - promptTokens) / sequences.length);
  const contextLeft = maxContextTokens === null ? Number.POSITIVE_INFINITY : maxContextTokens - longest;
  const dayLeft = tokensPerDay === null ? null : tokensPerDay - dayTokens;
  const rooms = [roomTokens, contextLeft, left(tokensPerMinute), left(dayLeft)];
  return { maxTokens: Math.max(1, Math.min(DEFAULT_MAX_TOKENS, maxOutputTokens, ...rooms)) };
}

type Grant = { readonly maxTokens: number } | Impossible;
