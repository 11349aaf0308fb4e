import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

export const DEV_KEY_FILE = fileURLToPath(new URL("../.lapidary/dev-key", import.meta.url));
const SECRETS_FILE = fileURLToPath(new URL("../.dev.vars", import.meta.url));

const DEV_TENANT = "dev";
const DEV_LIMITS = { requestsPerMinute: 600, tokensPerMinute: 200_000, concurrency: 16 };

/** The key of the development tenant at `url`: the one in .lapidary/dev-key while it works, else a new one, left there. */
export async function ensureDevKey(url: string): Promise<string> {
  const known = knownDevKey();
  if (known && (await keyWorks(url, known))) return known;
  const key = await createDevKey(url);
  mkdirSync(dirname(DEV_KEY_FILE), { recursive: true });
  writeFileSync(DEV_KEY_FILE, `${key}\n`, { mode: 0o600 });
  return key;
}

/** What .lapidary/dev-key holds, working or not. */
export function knownDevKey(): string | undefined {
  return readIfThere(DEV_KEY_FILE)?.trim();
}

async function keyWorks(url: string, key: string): Promise<boolean> {
  const response = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
  return response.ok;
}

/** Creates the development tenant at `url`, or gives it one more key. */
export async function createDevKey(url: string): Promise<string> {
  const created = await askAdmin(url, "/tenants", { name: DEV_TENANT, limits: DEV_LIMITS, keyLabel: "development" });
  const { key, error } =
    created.error?.code === "tenant_exists"
      ? await askAdmin(url, `/tenants/${DEV_TENANT}/keys`, { label: "development" })
      : created;
  if (!key) throw new Error(`Making a key for the development tenant failed: ${error?.message}`);
  return key;
}

async function askAdmin(url: string, path: string, body: object) {
  const response = await fetch(`${url}/admin/v1${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${localAdminKey()}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return (await response.json()) as { key?: string; error?: { code: string; message: string } };
}

/** LAPIDARY_ADMIN_KEY of .dev.vars, which cli/prepare.mjs writes. */
export function localAdminKey(): string {
  const line = /^\s*LAPIDARY_ADMIN_KEY\s*=\s*"?([^"\s]+)"?\s*$/m.exec(readIfThere(SECRETS_FILE) ?? "");
  if (!line)
    throw new Error("No LAPIDARY_ADMIN_KEY in .dev.vars. Delete the file and start again: it is written anew.");
  return line[1]!;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
