import { InvalidArgumentError } from "commander";

/** A commander parser for a moment, as ISO 8601 in UTC. */
export function timeArgument(text: string): string {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new InvalidArgumentError("Expected a time as in 2027-01-31T00:00:00Z.");
  return new Date(ms).toISOString();
}

/** The same, or "never". */
export const timeOrNeverArgument = (text: string): string => (text === "never" ? text : timeArgument(text));
