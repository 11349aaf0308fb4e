import type { ScoredToken } from "./scored-token.ts";

/** The `logprobs` of a chat's choice. */
export function chatLogprobs(tokens: readonly ScoredToken[]) {
  return {
    content: tokens.map(({ text, logprob, bytes, top }) => ({
      token: text,
      logprob,
      bytes,
      top_logprobs: top.map((other) => ({ token: other.text, logprob: other.logprob, bytes: other.bytes })),
    })),
    refusal: null,
  };
}

/** The `logprobs` of a completion's choice. As in OpenAI's, `top_logprobs` holds the token itself beside the best. */
export function completionLogprobs(tokens: readonly ScoredToken[]) {
  return {
    tokens: tokens.map(({ text }) => text),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map(topOf),
    text_offset: tokens.map(({ offset }) => offset),
  };
}

/** Log-probabilities by name; a name that another token has already gives way to the token's id. */
function topOf({ id, text, logprob, top }: ScoredToken): Record<string, number> | null {
  if (logprob === null) return null;
  const entries = new Map<string, number>();
  const self = top.some((other) => other.id === id) ? [] : [{ id, text, logprob }];
  for (const other of [...top, ...self])
    entries.set(entries.has(other.text) ? `token_id:${other.id}` : other.text, other.logprob);
  return Object.fromEntries(entries);
}
