import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { AdminRefusal, askAdmin } from "./admin-client.ts";
import { localAdminKey } from "./local-admin-key.ts";

export const DEV_KEY_FILE = fileURLToPath(new URL("../.lapidary/dev-key", import.meta.url));

const DEV_TENANT = "dev";
const KEY_LABEL = "development";
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
  return existsSync(DEV_KEY_FILE) ? readFileSync(DEV_KEY_FILE, "utf8").trim() : undefined;
}

async function keyWorks(url: string, key: string): Promise<boolean> {
  const response = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
  return response.ok;
}

/** Creates the development tenant at `url`, or gives it one more key. */
export async function createDevKey(url: string): Promise<string> {
  const admin = { url, adminKey: localAdminKey() };
  const tenant = { name: DEV_TENANT, limits: DEV_LIMITS, keyLabel: KEY_LABEL };
  const made = await askAdmin(admin, "POST", "/tenants", tenant).catch((error: unknown) => {
    if (error instanceof AdminRefusal && error.code === "tenant_exists")
      return askAdmin(admin, "POST", `/tenants/${DEV_TENANT}/keys`, { label: KEY_LABEL });
    throw error;
  });
  return ((await made.json()) as { key: string }).key;
}
