const ENDS = { length: "cut at its longest", stopped: "stopped" };
/** Before that a speed says nothing. */
const MIN_SECONDS = 0.05;

/** What an answer took, in words. */
export function figuresOf({ usage, finish, pieces }, { startMs, firstMs }) {
  if (finish === "failed") return "";
  const cached = usage?.prompt_tokens_details.cached_tokens ?? 0;
  const tokens = usage ? `${usage.prompt_tokens} + ${usage.completion_tokens} tokens` : "";
  const known = cached > 0 ? `${cached} of them known before` : "";
  const first = firstMs === null ? "" : `first after ${Math.round(firstMs - startMs)} ms`;
  const speed = firstMs === null ? "" : speedOf(usage?.completion_tokens ?? pieces, firstMs);
  return [tokens, known, first, speed, ENDS[finish]].filter(Boolean).join(" · ");
}

/** Tokens a second since the first. */
export function speedOf(tokens, firstMs) {
  const seconds = (performance.now() - firstMs) / 1000;
  return seconds > MIN_SECONDS ? `${(tokens / seconds).toFixed(1)} tokens a second` : "";
}

/** What an answer's headers say is left of the minute. */
export function leftOf(headers) {
  const number = (name) => Number(headers.get(`x-ratelimit-${name}`)).toLocaleString("en");
  if (!headers.has("x-ratelimit-remaining-tokens")) return "";
  return `${number("remaining-tokens")} of ${number("limit-tokens")} tokens left this minute`;
}
