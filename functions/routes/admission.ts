import type { Env } from "../env.ts";
import { ApiError, type ApiErrorOptions, limitError } from "../errors.ts";
import { modelNotFound } from "../model.ts";
import type { VerifiedKey } from "../tenants/key.ts";
import { inCurrency } from "../tenants/price.ts";
import { rateHeaders } from "../tenants/rate-headers.ts";
import type { GenerationAsked, RequestName, ReserveAnswer, ReserveCall } from "../tenants/reservation.ts";

export interface Admission {
  readonly reservationId: string;
  /** When it was admitted first. */
  readonly atMs: number;
  /** What the ledger granted. */
  readonly maxTokens: number;
  /** Of the tenant and the key; null: every model. */
  readonly allowedModels: readonly string[] | null;
  /** As in GenerateCall. */
  readonly weight: number;
  /** Rate-limit headers of the answer. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Reserves one request at its tenant's ledger, or joins the one that has its name already: an ApiError 401 for a key that
 * was revoked or has expired, 403 for a blocked tenant, 404 for a model it may not use, 410 and 422 for a name that is used
 * up, 429 with the time to wait, or 400 for what no waiting makes fit.
 */
export async function admit(
  env: Env,
  key: VerifiedKey,
  generation?: GenerationAsked,
  named?: RequestName,
): Promise<Admission> {
  const ledger = env.LEDGER.getByName(key.tenant);
  const asked = { ...(generation && { generation }), ...(named && { named }) };
  const call: ReserveCall = { secretSha256: key.secretSha256, reservationId: randomId(), ...asked };
  const answer: ReserveAnswer = await ledger.reserve(call).catch((cause: unknown) => {
    const message = "The tenant's ledger could not be reached. Please try again.";
    throw new ApiError(503, "ledger_unavailable", message, { cause });
  });
  if (!("reservationId" in answer)) throw refusal(answer, generation);
  const { rates, outcome: _, ...admission } = answer;
  return { ...admission, headers: rateHeaders(rates) };
}

/** 128 random bits in hex. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function refusal(
  answer: Exclude<ReserveAnswer, { outcome: "admitted" | "joined" }>,
  asked: GenerationAsked | undefined,
): ApiError {
  switch (answer.outcome) {
    case "unknown_key":
      return invalidKey();
    case "expired_key":
      return invalidKey("This API key has expired. Ask the operator of this service for another.");
    case "blocked":
      return new ApiError(403, "tenant_blocked", "This tenant is blocked. Ask the operator of this service why.");
    case "model_not_allowed":
      return modelNotFound("GET /v1/models lists those that this key may use.");
    case "name_taken":
      return new ApiError(
        422,
        "idempotency_key_reused",
        "This Idempotency-Key belongs to another request. Send that request's body, or another key.",
        { param: "Idempotency-Key" },
      );
    case "cancelled":
      return new ApiError(410, "generation_cancelled", "The request of this Idempotency-Key was cancelled.", {
        param: "Idempotency-Key",
      });
    case "gone":
      return new ApiError(
        410,
        "generation_gone",
        "The request of this Idempotency-Key is not kept any more. Send it without Last-Event-ID to begin anew.",
        { param: "Last-Event-ID" },
      );
    case "limited":
      return limitError(answer, rateHeaders(answer.rates));
    case "impossible":
      return impossible(answer, asked);
  }
}

function impossible(
  { reason, limit, rates }: Extract<ReserveAnswer, { outcome: "impossible" }>,
  { promptTokens, maxTokens, sequences = [] }: Partial<GenerationAsked> = {},
): ApiError {
  const options: ApiErrorOptions = { param: "max_tokens", headers: rateHeaders(rates) };
  if (reason === "concurrency") {
    const message = `n: this request asks for ${sequences.length} answers at the same time, this key may have ${limit}.`;
    return new ApiError(400, "request_exceeds_limit", message, { ...options, param: "n" });
  }
  if (reason === "output") {
    const message = `max_tokens: ${maxTokens} is over this key's limit of ${limit} for one answer.`;
    return new ApiError(400, "invalid_value", message, options);
  }
  const each = sequences.length > 1 ? `each of ${sequences.length} completions` : "the completion";
  const asked = `${promptTokens} tokens in the prompt and ${maxTokens ?? "at least 1"} in ${each}`;
  if (reason === "context") {
    const message = `This key's maximum context length is ${limit} tokens, but this request has ${asked}.`;
    return new ApiError(400, "context_length_exceeded", message, options);
  }
  if (reason === "budget") {
    const message = `This request can never fit this key's budget of ${inCurrency(limit)} per month: it has ${asked}.`;
    return new ApiError(400, "request_exceeds_limit", message, options);
  }
  const period = reason === "quota" ? "day" : "minute";
  const message = `This request can never fit this key's limit of ${limit} tokens per ${period}: it has ${asked}.`;
  return new ApiError(400, "request_exceeds_limit", message, options);
}

/** A key that is missing, made up, revoked or expired. */
export function invalidKey(
  message = "Incorrect API key. Send a key of this service as `Authorization: Bearer lap_…`.",
): ApiError {
  return new ApiError(401, "invalid_api_key", message, { headers: { "www-authenticate": "Bearer" } });
}
