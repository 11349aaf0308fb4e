import type { Command } from "commander";
import { localAdminKey } from "./local-admin-key.ts";

export const DEFAULT_URL = "http://127.0.0.1:8787";

/** What every command that talks to the admin API takes. */
export interface AdminOptions {
  readonly url: string;
  readonly adminKey?: string;
  readonly json?: boolean;
}

/** The service understood a request to the admin API and refused it. */
export class AdminRefusal extends Error {
  readonly code: string;

  constructor(message: string, status: number, code: string) {
    super(`${message} (${status} ${code})`);
    this.code = code;
  }
}

/** Adds those options to a command. */
export function withAdminOptions(command: Command): Command {
  return command
    .option("--url <url>", "address of the service", process.env.LAPIDARY_URL ?? DEFAULT_URL)
    .option("--admin-key <key>", "default: LAPIDARY_ADMIN_KEY of the environment, else of .dev.vars")
    .option("--json", "print the service's answer as it came");
}

/** One request to the admin API; rejects with an AdminRefusal in the service's own words when it is refused. */
export async function askAdmin(options: AdminOptions, method: string, path: string, body?: object): Promise<Response> {
  const { origin } = new URL(options.url);
  const response = await fetch(`${origin}/admin/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${adminKey(options, origin)}`, "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  }).catch((cause: unknown) => {
    throw new Error(`Nothing answers at ${origin}. Start the service, or give its address with --url.`, { cause });
  });
  if (response.ok) return response;
  const { error } = (await response.json().catch(() => ({}))) as { error?: { message: string; code: string } };
  if (error) throw new AdminRefusal(error.message, response.status, error.code);
  throw new Error(`${origin} answered ${response.status}`);
}

function adminKey({ adminKey: given }: AdminOptions, origin: string): string {
  const key = given ?? process.env.LAPIDARY_ADMIN_KEY;
  if (key) return key;
  // The local secret goes nowhere else: a mistyped --url must not learn it.
  if (["127.0.0.1", "localhost", "[::1]"].includes(new URL(origin).hostname)) return localAdminKey();
  throw new Error(`Which admin key for ${origin}? Set LAPIDARY_ADMIN_KEY or give --admin-key.`);
}
