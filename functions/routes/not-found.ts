import { ApiError } from "../errors.ts";

/** What an SDK asks for when its base URL lacks the version. */
const WITHOUT_VERSION = /^\/(chat\/completions|completions|responses|models(\/.*)?)$/;
/** What OpenAI's API has beside text. */
const OTHER_WORK =
  /^\/(?:v1\/)?(audio|batches|embeddings|files|fine_tuning|images|moderations|uploads|videos)(?:\/.*)?$/;

/** The error for a path that is nothing here. */
export function notFound(path: string): ApiError {
  const [, work] = OTHER_WORK.exec(path) ?? [];
  if (work) return new ApiError(404, "not_found", `This service generates text; it has no ${work}.`);
  const hint = WITHOUT_VERSION.test(path) ? " The base URL must end in /v1." : "";
  return new ApiError(404, "not_found", `There is nothing at this path with this method.${hint}`);
}

/** The error for a path that other methods reach. */
export function methodNotAllowed(allowed: readonly string[]): ApiError {
  const message = `This path takes ${allowed.join(", ")}.`;
  return new ApiError(405, "method_not_allowed", message, { headers: { allow: allowed.join(", ") } });
}
