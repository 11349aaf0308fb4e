import { askAdmin } from "../../cli/admin-client.ts";
import { localAdminKey } from "../../cli/local-admin-key.ts";
import type { TenantLimits } from "../../functions/tenants/limits.ts";

/** The key of a new tenant at `url`. */
export async function tenantKey(url: string, limits: Partial<TenantLimits>): Promise<string> {
  const name = `t-${crypto.randomUUID().slice(0, 30)}`;
  const created = await askAdmin({ url, adminKey: localAdminKey() }, "POST", "/tenants", { name, limits });
  return ((await created.json()) as { key: string }).key;
}
