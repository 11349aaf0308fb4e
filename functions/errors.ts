import type { ContentfulStatusCode } from "hono/utils/http-status";

export interface ApiErrorOptions {
  /** The field of the request that is wrong, as in `messages[0].content`. */
  readonly param?: string;
  /** OpenAI's `type`; by default invalid_request_error below 500 and server_error from there. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** A request that cannot be answered, as the caller is to see it: no secrets, no text of the request. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: ContentfulStatusCode;
  readonly code: string;
  readonly param: string | null;
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: ContentfulStatusCode, code: string, message: string, options: ApiErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.status = status;
    this.code = code;
    this.param = options.param ?? null;
    this.type = options.type ?? (status < 500 ? "invalid_request_error" : "server_error");
    this.headers = options.headers ?? {};
  }

  /** OpenAI's error body. */
  get body(): { error: { message: string; type: string; param: string | null; code: string } } {
    return { error: { message: this.message, type: this.type, param: this.param, code: this.code } };
  }
}
