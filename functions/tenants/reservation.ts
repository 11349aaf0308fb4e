import type { TenantLimits } from "./limits.ts";

/** What one request asks of its tenant's ledger. */
export interface ReserveCall {
  /** Hex SHA-256 of the key's secret. */
  readonly secretSha256: string;
  /** Names the reservation to `settle`. */
  readonly reservationId: string;
  /** undefined for a request that generates nothing (a list of models): it counts as a request and takes no place. */
  readonly generation?: {
    readonly promptTokens: number;
    /** As the caller asked; undefined lets the ledger choose. */
    readonly maxTokens?: number;
    /** Tokens that the context has left after the prompt, at least 1. */
    readonly roomTokens: number;
  };
}

/** The state of a tenant's minute, which fills the rate-limit headers. */
export interface RateState {
  readonly limitRequests: number;
  readonly limitTokens: number;
  readonly remainingRequests: number;
  readonly remainingTokens: number;
  /** Until everything is free again. */
  readonly resetRequestsMs: number;
  readonly resetTokensMs: number;
}

export type LimitKind = "requests" | "tokens" | "concurrency";

export type ReserveAnswer =
  | { readonly outcome: "admitted"; readonly maxTokens: number; readonly rates: RateState }
  | { readonly outcome: "unknown_key" }
  /** Fits later. */
  | {
      readonly outcome: "limited";
      readonly kind: LimitKind;
      readonly limit: number;
      readonly retryAfterMs: number;
      readonly rates: RateState;
    }
  /** Fits never: more than the tenant's limits hold. */
  | {
      readonly outcome: "impossible";
      readonly reason: "output" | "tokens";
      readonly limit: number;
      readonly rates: RateState;
    };

/** Tokens granted when the caller names none and there is room for more. */
const DEFAULT_MAX_TOKENS = 1024;

/**
 * The max_tokens of a generation under `limits`: what was asked for, or the most that fits the default, the tenant, the
 * context and a whole minute's tokens. A reason when no moment could ever admit it.
 */
export function grantTokens(
  { promptTokens, maxTokens, roomTokens }: NonNullable<ReserveCall["generation"]>,
  limits: TenantLimits,
): { maxTokens: number } | { reason: "output" | "tokens"; limit: number } {
  const minuteRoom = limits.tokensPerMinute - promptTokens;
  if (maxTokens !== undefined && maxTokens > limits.maxOutputTokens)
    return { reason: "output", limit: limits.maxOutputTokens };
  if ((maxTokens ?? 1) > minuteRoom) return { reason: "tokens", limit: limits.tokensPerMinute };
  return { maxTokens: maxTokens ?? Math.min(DEFAULT_MAX_TOKENS, limits.maxOutputTokens, roomTokens, minuteRoom) };
}
