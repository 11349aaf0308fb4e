import { createHash } from "node:crypto";
import { ApiError } from "../errors.ts";
import type { RequestName } from "../tenants/reservation.ts";

const MAX_KEY_CHARACTERS = 255;
const PATTERN = new RegExp(`^[\\x21-\\x7e]{1,${MAX_KEY_CHARACTERS}}$`);

/** The caller's name for a request to `path`, undefined when it has none; an ApiError (400) when it cannot be one. */
export function requestName(key: string | undefined, path: string, body: string): RequestName | undefined {
  if (key === undefined) return undefined;
  if (!PATTERN.test(key)) {
    const message = `Idempotency-Key: expected 1 to ${MAX_KEY_CHARACTERS} printable ASCII characters without spaces.`;
    throw new ApiError(400, "invalid_value", message, { param: "Idempotency-Key" });
  }
  return { nameSha256: sha256Hex(key), bodySha256: sha256Hex(`${path}\n${body}`) };
}

const sha256Hex = (text: string): string => createHash("sha256").update(text).digest("hex");
