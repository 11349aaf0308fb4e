import { askAdmin } from "../../cli/admin-client.ts";
import { localAdminKey } from "../../cli/local-admin-key.ts";

const limits = { requestsPerMinute: 1_000_000, tokensPerMinute: 1_000_000_000, concurrency: 10_000 };

/** A key of a new tenant at `url` whom no limit meets. */
export async function keyWithoutLimits(url: string): Promise<string> {
  const created = await askAdmin({ url, adminKey: localAdminKey() }, "POST", "/tenants", { name: "load", limits });
  return ((await created.json()) as { key: string }).key;
}
