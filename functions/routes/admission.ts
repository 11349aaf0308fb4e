import type { Env } from "../env.ts";
import { ApiError, type ApiErrorOptions } from "../errors.ts";
import type { VerifiedKey } from "../tenants/key.ts";
import { limitMessage, rateHeaders, retryHeaders } from "../tenants/rate-headers.ts";
import type { ReserveAnswer, ReserveCall } from "../tenants/reservation.ts";

export interface Admission {
  readonly reservationId: string;
  /** What the ledger granted. */
  readonly maxTokens: number;
  /** Rate-limit headers of the answer. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Reserves one request at its tenant's ledger: an ApiError 401 for a key that was revoked, 429 with the time to wait, or
 * 400 for what no waiting makes fit.
 */
export async function admit(env: Env, key: VerifiedKey, generation?: ReserveCall["generation"]): Promise<Admission> {
  const reservationId = randomId();
  const ledger = env.LEDGER.getByName(key.tenant);
  const call: ReserveCall = { secretSha256: key.secretSha256, reservationId, ...(generation && { generation }) };
  const answer: ReserveAnswer = await ledger.reserve(call).catch((cause: unknown) => {
    const message = "The tenant's ledger could not be reached. Please try again.";
    throw new ApiError(503, "ledger_unavailable", message, { cause });
  });
  if (answer.outcome === "admitted")
    return { reservationId, maxTokens: answer.maxTokens, headers: rateHeaders(answer.rates) };
  throw refusal(answer, generation);
}

/** 128 random bits in hex. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function refusal(
  answer: Exclude<ReserveAnswer, { outcome: "admitted" }>,
  generation: ReserveCall["generation"],
): ApiError {
  if (answer.outcome === "unknown_key") return invalidKey();
  const headers = rateHeaders(answer.rates);
  if (answer.outcome === "limited") {
    const { kind, limit, retryAfterMs } = answer;
    return new ApiError(429, "rate_limit_exceeded", limitMessage(kind, limit, retryAfterMs), {
      type: kind,
      headers: { ...headers, ...retryHeaders(retryAfterMs) },
    });
  }
  const { promptTokens = 0, maxTokens } = generation ?? {};
  const options: ApiErrorOptions = { param: "max_tokens", headers };
  if (answer.reason === "output")
    return new ApiError(
      400,
      "invalid_value",
      `max_tokens: ${maxTokens} is over this tenant's limit of ${answer.limit} for one answer.`,
      options,
    );
  const asked = `${promptTokens} tokens in the prompt and ${maxTokens ?? "at least 1"} in the completion`;
  const message = `This request can never fit this tenant's limit of ${answer.limit} tokens per minute: it has ${asked}.`;
  return new ApiError(400, "request_exceeds_limit", message, options);
}

/** A key that is missing, made up or revoked. */
export function invalidKey(): ApiError {
  return new ApiError(
    401,
    "invalid_api_key",
    "Incorrect API key. Send a key of this service as `Authorization: Bearer lap_…`.",
    {
      headers: { "www-authenticate": "Bearer" },
    },
  );
}
