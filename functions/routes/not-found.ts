import { ApiError } from "../errors.ts";

/** What an SDK asks for when its base URL lacks the version. */
const WITHOUT_VERSION = /^\/(chat\/completions|completions|models(\/.*)?)$/;

/** The error for a path that is nothing here. */
export function notFound(path: string): ApiError {
  const hint = WITHOUT_VERSION.test(path) ? " The base URL must end in /v1." : "";
  return new ApiError(404, "not_found", `There is nothing at this path with this method.${hint}`);
}

/** The error for a path that other methods reach. */
export function methodNotAllowed(allowed: readonly string[]): ApiError {
  const message = `This path takes ${allowed.join(", ")}.`;
  return new ApiError(405, "method_not_allowed", message, { headers: { allow: allowed.join(", ") } });
}
