import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const SECRET_BYTES = 32;
const STATE_FILE = "state.json";

const stateSchema = z.object({
  /** Fingerprints of the scripts that are deployed, by name. */
  scripts: z.record(z.string(), z.string()),
  url: z.url().nullable(),
  /** Whether a first key was made and shown. */
  firstKey: z.boolean(),
  secrets: z.object({ LAPIDARY_KEY_SECRET: z.string(), LAPIDARY_ADMIN_KEY: z.string() }),
});

/** What is known of a deployment, so that a stopped one goes on and a changed one uploads what changed. */
export type DeployState = z.output<typeof stateSchema>;

/** Reads the state kept in `folder`; null when there is none. Throws when it cannot be read: it holds the secrets. */
export function readState(folder: string): DeployState | null {
  const path = join(folder, STATE_FILE);
  if (!existsSync(path)) return null;
  const parsed = stateSchema.safeParse(JSON.parse(readFileSync(path, "utf8")));
  if (parsed.success) return parsed.data;
  throw new Error(`${path} is not a deployment's state: ${z.prettifyError(parsed.error)}`);
}

/** Nothing deployed yet. Secrets are those of the environment, or new ones. */
export function newState(environment: NodeJS.ProcessEnv): DeployState {
  const secret = (name: string) => environment[name] || randomBytes(SECRET_BYTES).toString("base64url");
  return {
    scripts: {},
    url: null,
    firstKey: false,
    secrets: {
      LAPIDARY_KEY_SECRET: secret("LAPIDARY_KEY_SECRET"),
      LAPIDARY_ADMIN_KEY: secret("LAPIDARY_ADMIN_KEY"),
    },
  };
}

/** Keeps the state, readable by this user alone: all of it or, when that fails, what was there. */
export function writeState(folder: string, state: DeployState): void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, STATE_FILE);
  writeFileSync(`${path}.new`, JSON.stringify(state, null, 2), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
