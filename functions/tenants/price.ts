const TOKENS_PER_PRICE = 1_000_000;
const MICROS = 1_000_000;

/** Prices of a million tokens, in millionths of a currency. */
export interface Prices {
  readonly promptMicros: number;
  /** Of prompt tokens that a prefix cache already held. */
  readonly cachedPromptMicros: number;
  readonly completionMicros: number;
}

/** What a generation computed. */
export interface TokensUsed {
  readonly promptTokens: number;
  /** Of the prompt's tokens, those that a prefix cache already held; 0 when left out. */
  readonly cachedTokens?: number;
  readonly completionTokens: number;
}

/** The price of one generation in whole millionths, rounded up. Exact below 2^53 / 10^9 = 9 million tokens at 1,000 a million. */
export function costMicros(prices: Prices, { promptTokens, cachedTokens = 0, completionTokens }: TokensUsed): number {
  const { promptMicros, cachedPromptMicros, completionMicros } = prices;
  const products =
    (promptTokens - cachedTokens) * promptMicros +
    cachedTokens * cachedPromptMicros +
    completionTokens * completionMicros;
  return Math.ceil(products / TOKENS_PER_PRICE);
}

/** Millionths of the operator's currency, in that currency. */
export const inCurrency = (micros: number): string => String(micros / MICROS);
