import { localAdminKey } from "../../cli/dev-key.ts";

const LIMITS = { requestsPerMinute: 1_000_000, tokensPerMinute: 1_000_000_000, concurrency: 10_000 };

/** A key of a new tenant at `url` whom no limit meets. */
export async function keyWithoutLimits(url: string): Promise<string> {
  const response = await fetch(`${url}/admin/v1/tenants`, {
    method: "POST",
    headers: { authorization: `Bearer ${localAdminKey()}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "load", limits: LIMITS }),
  });
  const { key } = (await response.json()) as { key?: string };
  if (key === undefined) throw new Error(`making a tenant for the load failed with status ${response.status}`);
  return key;
}
