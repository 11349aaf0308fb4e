import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SECRETS_FILE = fileURLToPath(new URL("../.dev.vars", import.meta.url));

/** LAPIDARY_ADMIN_KEY of .dev.vars, which cli/prepare.mjs writes. */
export function localAdminKey(): string {
  const secrets = existsSync(SECRETS_FILE) ? readFileSync(SECRETS_FILE, "utf8") : "";
  const line = /^\s*LAPIDARY_ADMIN_KEY\s*=\s*"?([^"\s]+)"?\s*$/m.exec(secrets);
  if (!line)
    throw new Error("No LAPIDARY_ADMIN_KEY in .dev.vars. Delete the file and start again: it is written anew.");
  return line[1]!;
}
