import type { TenantLimits } from "./limits.ts";
import type { Spent } from "./payer.ts";
import { costMicros, type Prices } from "./price.ts";
import type { GenerationAsked, Impossible } from "./reservation.ts";

/** Tokens granted a sequence when the caller names none and there is room for more. */
const DEFAULT_MAX_TOKENS = 1024;

type Grant = { readonly maxTokens: number } | Impossible;

/**
 * The max_tokens of each sequence of a generation under `limits`: what was asked for, or the most that fits the default,
 * the limits, the context, a whole minute's tokens and what is `left` of the day's tokens and the month's money. A reason
 * when no moment could ever admit it. What was asked for is granted even when today is too short for it: it waits for tomorrow.
 */
export function grantTokens(
  asked: Omit<GenerationAsked, "model">,
  limits: TenantLimits,
  prices: Prices,
  left: Spent,
): Grant {
  const { promptTokens, maxTokens, roomTokens, sequences = [promptTokens] } = asked;
  const { maxOutputTokens, tokensPerMinute, tokensPerDay, budgetMicrosPerMonth, maxContextTokens, concurrency } =
    limits;
  const least = maxTokens ?? 1;
  const longest = Math.max(...sequences);
  const total = promptTokens + sequences.length * least;
  if (least > maxOutputTokens) return { reason: "output", limit: maxOutputTokens };
  if (maxContextTokens !== null && longest + least > maxContextTokens)
    return { reason: "context", limit: maxContextTokens };
  if (total > tokensPerMinute) return { reason: "tokens", limit: tokensPerMinute };
  if (tokensPerDay !== null && total > tokensPerDay) return { reason: "quota", limit: tokensPerDay };
  if (budgetMicrosPerMonth !== null && requestMicros(prices, sequences, least) > budgetMicrosPerMonth)
    return { reason: "budget", limit: budgetMicrosPerMonth };
  if (sequences.length > concurrency) return { reason: "concurrency", limit: concurrency };
  if (maxTokens !== undefined) return { maxTokens };
  const share = (tokens: number) => Math.floor((tokens - promptTokens) / sequences.length);
  const contextLeft = maxContextTokens === null ? Number.POSITIVE_INFINITY : maxContextTokens - longest;
  const rooms = [roomTokens, contextLeft, share(tokensPerMinute), share(left.tokens)];
  const most = Math.max(1, Math.min(DEFAULT_MAX_TOKENS, maxOutputTokens, ...rooms));
  return { maxTokens: mostAffordable(prices, sequences, most, left.micros) };
}

/** What a request costs at most. */
export function requestMicros(prices: Prices, sequences: readonly number[], maxTokens: number): number {
  return sequences.reduce(
    (sum, promptTokens) => sum + costMicros(prices, { promptTokens, completionTokens: maxTokens }),
    0,
  );
}

/** The largest max_tokens from 1 to `most` that `micros` pay for; 1 when they pay for none. */
function mostAffordable(prices: Prices, sequences: readonly number[], most: number, micros: number): number {
  let [affordable, tooMany] = [1, most + 1];
  while (tooMany - affordable > 1) {
    const middle = Math.floor((affordable + tooMany) / 2);
    if (requestMicros(prices, sequences, middle) <= micros) affordable = middle;
    else tooMany = middle;
  }
  return affordable;
}
