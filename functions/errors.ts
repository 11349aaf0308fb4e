import type { ContentfulStatusCode } from "hono/utils/http-status";
import { InferenceError, type InferenceErrorCode } from "../runtime/errors.ts";
import { WeightsError } from "../weights/errors.ts";
import type { GenerationFailure, GenerationRefusal } from "./pipeline/generation-call.ts";
import { limitCode, limitMessage, limitType, retryHeaders } from "./tenants/rate-headers.ts";
import type { Refusal } from "./tenants/reservation.ts";

export interface ApiErrorOptions {
  /** The field of the request that is wrong, as in `messages[0].content`. */
  readonly param?: string;
  /** OpenAI's `type`; by default invalid_request_error below 500 and server_error from there. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The limit that was reached. */
  readonly limit?: Refusal;
  readonly cause?: unknown;
}

/** OpenAI's error body; `limit` is ours, of a 429 for a tenant's or a key's limit. */
export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
    readonly limit?: {
      readonly of: Refusal["who"];
      readonly kind: Refusal["kind"];
      readonly limit: number;
      readonly remaining: number;
      readonly retry_after_ms: number;
    };
  };
}

/** A request that cannot be answered, as the caller is to see it: no secrets, no text of the request. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: ContentfulStatusCode;
  readonly code: string;
  readonly param: string | null;
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly #limit: Refusal | undefined;

  constructor(status: ContentfulStatusCode, code: string, message: string, options: ApiErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.status = status;
    this.code = code;
    this.param = options.param ?? null;
    this.type = options.type ?? (status < 500 ? "invalid_request_error" : "server_error");
    this.headers = options.headers ?? {};
    this.#limit = options.limit;
  }

  get body(): ErrorBody {
    const { message, type, param, code } = this;
    if (!this.#limit) return { error: { message, type, param, code } };
    const { who, kind, limit, remaining, retryAfterMs } = this.#limit;
    return {
      error: { message, type, param, code, limit: { of: who, kind, limit, remaining, retry_after_ms: retryAfterMs } },
    };
  }
}

const FAILURE_STATUS: Readonly<Record<InferenceErrorCode, ContentfulStatusCode>> = {
  bad_shard: 500,
  wrong_pipeline: 503,
  position_gap: 500,
  out_of_capacity: 503,
  timed_out: 504,
  stage_lost: 503,
  unsupported: 400,
  internal: 500,
};

const INTERNAL_MESSAGE = "The server had an internal error. Its log has more under this request's x-request-id.";

/** What a limit refuses now, with the time to wait. */
export function limitError(refusal: Refusal, headers: Readonly<Record<string, string>> = {}): ApiError {
  return new ApiError(429, limitCode(refusal.kind), limitMessage(refusal), {
    type: limitType(refusal.kind),
    headers: { ...headers, ...retryHeaders(refusal.retryAfterMs) },
    limit: refusal,
  });
}

/** A pipeline's failure, or its refusal to go on, as its caller is to see it. */
export function failureError(failure: GenerationFailure | GenerationRefusal, cause?: unknown): ApiError {
  if (failure.code === "limited") return limitError(failure.refusal);
  const { code, message } = failure;
  if (code === "cancelled" || code === "gone") return new ApiError(410, `generation_${code}`, message);
  if (code === "internal") return new ApiError(500, code, INTERNAL_MESSAGE, { cause: cause ?? new Error(message) });
  const { retryAfterMs } = failure;
  const headers = retryAfterMs === undefined ? {} : retryHeaders(retryAfterMs);
  return new ApiError(FAILURE_STATUS[code], code, message, { headers, cause });
}

/** Any error as an ApiError: ours keep their words, everything else is an internal error that only the log explains. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof InferenceError) return failureError({ code: error.code, message: error.message }, error);
  if (error instanceof WeightsError) return failureError({ code: "bad_shard", message: error.message }, error);
  return new ApiError(500, "internal", INTERNAL_MESSAGE, { cause: error });
}
