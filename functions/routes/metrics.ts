import { Hono } from "hono";
import type { Env } from "../env.ts";
import { ApiError } from "../errors.ts";
import { EXPOSITION_TYPE, exposition } from "../metrics/exposition.ts";
import { handOver } from "../metrics/isolate-tally.ts";
import { pipelineMetrics } from "../metrics/pipeline-metrics.ts";
import { Tally } from "../metrics/tally.ts";
import { type TenantTotals, tenantMetrics } from "../metrics/tenant-metrics.ts";
import { deployedModel } from "../model.ts";
import { readGatewaySettings } from "../settings.ts";
import { secretsEqual } from "../tenants/key.ts";
import { bearerToken } from "./authenticate.ts";
import { conductorOf } from "./conductor-of.ts";
import type { GatewayTypes } from "./context.ts";
import { notFound } from "./not-found.ts";

/** Every scrape asks so many ledgers at most; tenants beyond, by name, are left out and counted. */
const MAX_TENANTS = 500;
const LEDGERS_AT_ONCE = 50;

/** GET /metrics in Prometheus' text format, for the holder of LAPIDARY_METRICS_TOKEN. */
export const metrics = new Hono<GatewayTypes>().get("/metrics", async (c) => {
  const { metricsToken } = readGatewaySettings(c.env);
  if (metricsToken === undefined) throw notFound(c.req.path);
  if (!secretsEqual(bearerToken(c.req.header("authorization")), metricsToken))
    throw new ApiError(401, "invalid_metrics_token", "Incorrect metrics token.", {
      headers: { "www-authenticate": "Bearer" },
    });
  await handOver(c.env);
  const directory = c.env.DIRECTORY.getByName("directory");
  const tally = new Tally();
  tally.add(await directory.counts());
  const status = await conductorOf(c.env, await deployedModel(c.env)).status();
  const listed = await directory.list("", MAX_TENANTS + 1);
  const names = listed.slice(0, MAX_TENANTS).map(({ name }) => name);
  const tenants = await tenantTotals(c.env, names);
  const omitted = {
    name: "lapidary_tenants_omitted",
    type: "gauge",
    help: `1 when there are more tenants than the ${MAX_TENANTS} that are shown.`,
    samples: [{ value: Number(listed.length > MAX_TENANTS) }],
  } as const;
  const text = exposition([...tally.metrics(), ...pipelineMetrics(status), ...tenantMetrics(tenants), omitted]);
  return c.body(text, 200, { "content-type": EXPOSITION_TYPE, "cache-control": "no-store" });
});

async function tenantTotals(env: Env, names: readonly string[]): Promise<TenantTotals[]> {
  const found: TenantTotals[] = [];
  for (let first = 0; first < names.length; first += LEDGERS_AT_ONCE) {
    const some = names.slice(first, first + LEDGERS_AT_ONCE).map(async (tenant) => {
      const totals = await env.LEDGER.getByName(tenant).totals();
      return totals ? [{ tenant, ...totals }] : [];
    });
    found.push(...(await Promise.all(some)).flat());
  }
  return found;
}
